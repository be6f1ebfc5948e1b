"""Samarinda's districts and wards, as data for a new city database. Pure.

Ward serials differ between public tables, so the official code of a ward is a column that an office fills in.
"""

from __future__ import annotations

CITY_CODE = "6472"

DISTRICTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("64.72.01", "Palaran", ("Rawa Makmur", "Handil Bakti", "Bukuan", "Simpang Pasir", "Bantuas")),
    (
        "64.72.02",
        "Samarinda Seberang",
        ("Sungai Keledang", "Baqa", "Mesjid", "Mangkupalas", "Tenun Samarinda", "Gunung Panjang"),
    ),
    (
        "64.72.03",
        "Samarinda Ulu",
        (
            "Teluk Lerong Ilir",
            "Jawa",
            "Air Putih",
            "Sidodadi",
            "Air Hitam",
            "Dadi Mulya",
            "Gunung Kelua",
            "Bukit Pinang",
        ),
    ),
    ("64.72.04", "Samarinda Ilir", ("Selili", "Sungai Dama", "Sidomulyo", "Sidodamai", "Pelita")),
    (
        "64.72.05",
        "Samarinda Utara",
        (
            "Sempaja Selatan",
            "Lempake",
            "Sungai Siring",
            "Sempaja Utara",
            "Tanah Merah",
            "Sempaja Barat",
            "Sempaja Timur",
            "Budaya Pampang",
        ),
    ),
    (
        "64.72.06",
        "Sungai Kunjang",
        (
            "Loa Bakung",
            "Loa Buah",
            "Karang Asam Ulu",
            "Lok Bahu",
            "Teluk Lerong Ulu",
            "Karang Asam Ilir",
            "Karang Anyar",
        ),
    ),
    ("64.72.07", "Sambutan", ("Sungai Kapih", "Sambutan", "Makroman", "Sindang Sari", "Pulau Atas")),
    (
        "64.72.08",
        "Sungai Pinang",
        ("Temindung Permai", "Sungai Pinang Dalam", "Gunung Lingai", "Mugirejo", "Bandara"),
    ),
    ("64.72.09", "Samarinda Kota", ("Karang Mumus", "Pelabuhan", "Pasar Pagi", "Bugis", "Sungai Pinang Luar")),
    ("64.72.10", "Loa Janan Ilir", ("Simpang Tiga", "Tani Aman", "Sengkotek", "Harapan Baru", "Rapak Dalam")),
)
"""Code, name and wards of each of the ten districts: 59 wards in all."""
