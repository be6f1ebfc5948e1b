"""Names for the demo city's made-up families, staff and outlets. Pure."""

from __future__ import annotations

from random import Random

_WOMEN = (
    "Siti", "Nur", "Sri", "Dewi", "Rina", "Fitri", "Yuliana", "Aminah", "Halimah", "Rohani", "Kartini", "Mariana",
    "Lestari", "Wahyuni", "Hasnah", "Norhayati", "Rusmini", "Salmah", "Tuti", "Murni", "Ernawati", "Juriah",
)  # fmt: skip
_MEN = (
    "Ahmad", "Budi", "Slamet", "Rahman", "Hendra", "Junaidi", "Syahrani", "Supriadi", "Yusuf", "Darmawan", "Arifin",
    "Bambang", "Herman", "Rusli", "Suparman", "Zainal", "Markus", "Yohanes", "Anwar", "Fadli",
)  # fmt: skip
_LAST = (
    "Aisyah", "Hasanah", "Rahmawati", "Handayani", "Susanti", "Wulandari", "Marlina", "Khadijah", "Anggraini",
    "Puspita", "Hidayati", "Kurniasih", "Maulida", "Safitri", "Permatasari", "Nurjanah", "Utami", "Agustina",
    "Zahra", "Ramadhani",
)  # fmt: skip
_LAST_MEN = (
    "Santoso", "Hidayat", "Saputra", "Wijaya", "Gunawan", "Maulana", "Pratama", "Setiawan", "Nugroho", "Firmansyah",
    "Effendi", "Kurniawan", "Syahputra", "Mulyono", "Haryanto", "Siregar", "Lubis", "Tandi", "Limbong", "Noor",
)  # fmt: skip
_GROUPS = (
    "Mekar Sari", "Harapan Bersama", "Sejahtera", "Mawar", "Melati", "Anggrek", "Kenanga", "Berkah", "Mandiri",
    "Makmur", "Cahaya", "Bina Usaha", "Maju Bersama", "Sumber Rezeki", "Karya Ibu", "Tunas Baru", "Bahagia",
)  # fmt: skip


def woman(rng: Random) -> str:
    """Return a woman's name."""
    return f"{rng.choice(_WOMEN)} {rng.choice(_LAST)}"


def man(rng: Random) -> str:
    """Return a man's name."""
    return f"{rng.choice(_MEN)} {rng.choice(_LAST_MEN)}"


def outlet_name(place: int, ward: str) -> str:
    """Return an outlet's name from its place in the list and its ward."""
    return f"KUBE {_GROUPS[place % len(_GROUPS)]} {ward}"
