"""The windows of the till: the only folder that imports PySide6."""
