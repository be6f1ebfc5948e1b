#!/usr/bin/env python3
"""Make the cashier's card, one A4 page: `.venv/bin/python installer/quick_card.py` → docs/quick-card.LANGUAGE.pdf."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "kube_pos" / "ui" / "assets" / "fonts"
GREEN = (11, 93, 78)
Card = tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]
CARDS: dict[str, Card] = {
    "id": (
        "Kartu singkat kasir",
        (
            ("Melayani satu keluarga", (
                "1. Pindai kartu (atau ketik nomornya, lalu Enter).",
                "2. Baca saldo di layar, tekan Enter, pindai atau pilih barang.",
                "3. F9: Simpan & cetak. Tunggu «Tersimpan», serahkan barang dan struk.",
            )),
            ("Bila kartu ditolak", (
                "Layar menyebut alasan dan tempat bertanya. Bacakan dengan ramah; keputusan bukan dari kasir.",
                "Data keluarga keliru? Catat «data tidak cocok»; saldo tidak berubah.",
            )),
            ("Bila listrik padam", (
                "Nyalakan lagi dan buka kasir. Yang sudah «Tersimpan» tetap tersimpan; keranjang terbuka kembali.",
            )),
            ("Bila tidak ada jaringan", (
                "Terus melayani. Transaksi terkirim sendiri nanti; layar menunjukkan jumlah yang menunggu.",
            )),
            ("Bila printer berhenti", (
                "Penjualan tetap sah. Isi kertas atau nyalakan printer; struk keluar atau cetak ulang di F2 Riwayat.",
            )),
            ("Tombol", (
                "F2 Riwayat · F3 Stok · F4 Tutup hari · F6 Sinkron · F7 Perangkat · F9 Simpan · F12 Bantuan",
            )),
            ("Jangan", (
                "Jangan minta uang atau NIK lengkap, jangan paksa paket, jangan pinjamkan PIN.",
            )),
        ),
    ),
    "en": (
        "Cashier's quick card",
        (
            ("Serving a family", (
                "1. Scan the card (or type its number and press Enter).",
                "2. Read the balance on the screen, press Enter, scan or choose goods.",
                "3. F9: Store & print. Wait for «Stored», hand over goods and receipt.",
            )),
            ("When a card is refused", (
                "The screen names the reason and where to ask. Read it out kindly; the cashier does not decide.",
                "Wrong family data? Note a mismatch; the balance does not change.",
            )),
            ("After a power cut", (
                "Switch on and open the till. What said «Stored» is stored; an open basket comes back.",
            )),
            ("Without a network", (
                "Go on serving. Transactions are sent later by themselves; the screen shows how many wait.",
            )),
            ("When the printer stops", (
                "The sale stands. Fill in paper or switch it on; the receipt comes, or print it again on F2 History.",
            )),
            ("Keys", (
                "F2 History · F3 Stock · F4 Close day · F6 Sync · F7 Devices · F9 Store · F12 Help",
            )),
            ("Never", (
                "Never ask for money or a whole NIK, never force a package, never lend your PIN.",
            )),
        ),
    ),
}  # fmt: skip


def main() -> int:
    """Write one page for each language."""
    for language, card in CARDS.items():
        target = ROOT / "docs" / f"quick-card.{language}.pdf"
        _page(card).output(str(target))
        print(target.relative_to(ROOT))
    return 0


def _page(card: Card) -> FPDF:
    title, parts = card
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.set_title(f"kube-pos: {title}")
    pdf.add_font("Inter", "", FONTS / "Inter-Regular.ttf")
    pdf.add_font("Inter", "B", FONTS / "Inter-Bold.ttf")
    pdf.set_margins(18, 16, 18)
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    pdf.set_text_color(*GREEN)
    pdf.set_font("Inter", "B", 26)
    pdf.cell(0, 14, title, new_x="LMARGIN", new_y="NEXT")
    for heading, lines in parts:
        pdf.ln(3)
        pdf.set_text_color(*GREEN)
        pdf.set_font("Inter", "B", 15)
        pdf.cell(0, 9, heading, new_x="LMARGIN", new_y="NEXT")
        pdf.set_text_color(20, 20, 20)
        pdf.set_font("Inter", "", 13)
        for line in lines:
            pdf.multi_cell(0, 7, line, align="L", new_x="LMARGIN", new_y="NEXT")
    return pdf


if __name__ == "__main__":
    sys.exit(main())
