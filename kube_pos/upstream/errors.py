"""What can go wrong at the office, as codes and facts; the sentences lie in `locale/<language>/upstream.toml`."""

from __future__ import annotations

from kube_pos.errors import KubePosError


class ListUnreadable(KubePosError):
    """A recipients file can't be read at all. Facts: path, reason."""

    code = "list_unreadable"


class ListColumnsMissing(KubePosError):
    """A recipients file lacks columns that it must have. Facts: path, columns."""

    code = "list_columns_missing"


class ListMangled(KubePosError):
    """Nearly all NIKs of a file end in 0: a spreadsheet has spoilt them. Facts: path, count, total."""

    code = "list_mangled"


class ListOutdated(KubePosError):
    """The database changed since the plan was made, and the list no longer fits. Facts: row."""

    code = "list_outdated"


class MonthTwice(KubePosError):
    """A publication names a month twice, or none, or one that is not a month. Facts: month."""

    code = "month_twice"


class AlreadyPublished(KubePosError):
    """A row of the publication exists already; nothing was published. Facts: recipient, program, fund, month."""

    code = "already_published"


class PublicationRefused(KubePosError):
    """The publication's figures can't be right. Facts: reason (amount, days, recipients)."""

    code = "publication_refused"


class NothingToAmend(KubePosError):
    """No such row was published, or not for every family named; nothing was changed. Facts: month, program, fund."""

    code = "nothing_to_amend"


class UnknownName(KubePosError):
    """A name or code given by the officer is not in the database. Facts: what, name."""

    code = "unknown_name"


class CityNotEmpty(KubePosError):
    """The demo city can only be put into an empty database. Facts: path."""

    code = "city_not_empty"


class AddressNotAllowed(KubePosError):
    """An enrolment code needs an address that tills can reach, without spaces. Facts: address."""

    code = "address_not_allowed"


class TillNotRetired(KubePosError):
    """Only a retired till's share can be freed. Facts: terminal."""

    code = "till_not_retired"


class ReportNotWritten(KubePosError):
    """A report's file can't be written. Facts: path, reason."""

    code = "report_not_written"
