"""Tables for people: CSV and XLSX, read with suspicion and written so that no spreadsheet changes or runs them."""
