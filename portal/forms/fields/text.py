"""Answers that are typed on a line or in paragraphs."""

import re

from portal import written

from .base import Answer, first_text, only_text

AMOUNT = re.compile(r"\$?\s?(\d{1,3}(?:,\d{3}){0,3}|\d{1,12})(?:\.(\d{2}))?", re.ASCII)
WHOLE = re.compile(r"[+-]?(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})", re.ASCII)
ZIP = re.compile(r"(\d{5})(?:[- ]?(\d{4}))?", re.ASCII)


class Line(Answer):
    """A single line of text; "" when left out."""

    type = "text"
    limit = 200
    inputmode = None
    spellcheck = None

    def __init__(self, *args, limit=None, inputmode=None, **rest):
        super().__init__(*args, **rest)
        self.type = type(self).type  # wtforms put the name of the class there
        self.limit = limit or self.limit
        self.inputmode = inputmode or self.inputmode

    def process_data(self, value):
        self.data = value
        self.typed = "" if value is None else self.shown(value)

    def process_formdata(self, valuelist):
        raw = self.straighten(first_text(valuelist))
        self.typed = only_text(raw)
        self.data = self.read("")
        if raw != self.typed:
            raise ValueError(self.words.not_text)
        if len(raw) > self.limit:
            raise ValueError(self.words.too_long.format(f"{self.limit:,}", f"{len(raw):,}"))
        self.data = self.read(raw)

    def straighten(self, raw):
        """A line has no breaks: what was pasted over several lines becomes one."""
        return " ".join(filter(None, map(str.strip, re.split(r"[\n\t]", raw))))

    def read(self, typed):
        """The answer that the text means; ValueError with a sentence when it means none."""
        return typed

    def shown(self, value):
        """The text that stands for a kept answer."""
        return str(value)


class Paragraphs(Line):
    """Several lines of text; "" when left out."""

    kind = "paragraphs"
    limit = 10_000
    rows = 5

    def __init__(self, *args, rows=None, **rest):
        super().__init__(*args, **rest)
        self.rows = rows or self.rows

    def straighten(self, raw):
        return raw


class Hidden(Line):
    """Text the page carries along and nobody types."""

    kind = "hidden"


class Password(Line):
    """A password exactly as typed, never shown again; `autocomplete` may be "new-password"."""

    type = "password"
    autocomplete = "current-password"

    def process_formdata(self, valuelist):
        self.data = valuelist[0] if valuelist and isinstance(valuelist[0], str) else ""
        if len(self.data) > self.limit:
            kept, self.data = self.data, ""
            raise ValueError(self.words.too_long.format(self.limit, f"{len(kept):,}"))

    def process_data(self, value):
        self.data, self.typed = value, ""


class Email(Line):
    """One e-mail address, its domain in lower case; "" when left out."""

    type = "email"
    limit = 254
    autocomplete = "email"
    spellcheck = "false"

    def read(self, typed):
        if not typed:
            return ""
        from email_validator import EmailNotValidError, validate_email

        try:
            return validate_email(typed, check_deliverability=False).normalized
        except EmailNotValidError as refusal:
            raise ValueError(self.words.not_email) from refusal


class Phone(Line):
    """One telephone number as E.164, numbers without a country taken as of the US; "" when left out."""

    type = "tel"
    limit = 40
    width = 20
    autocomplete = "tel"

    def read(self, typed):
        if not typed:
            return ""
        import phonenumbers

        try:
            number = phonenumbers.parse(typed, "US")
        except phonenumbers.NumberParseException as refusal:
            raise ValueError(self.words.not_phone) from refusal
        if not phonenumbers.is_valid_number(number):
            raise ValueError(self.words.not_phone)
        if number.extension:
            raise ValueError(self.words.phone_extension)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def shown(self, value):
        return written.phone(str(value))


class Number(Line):
    """A whole number between its bounds; None when left out."""

    limit = 20
    width = 5
    inputmode = "numeric"

    def __init__(self, *args, at_least=0, at_most=1_000_000, **rest):
        super().__init__(*args, **rest)
        self.at_least, self.at_most = at_least, at_most

    def read(self, typed):
        if not typed:
            return None
        if not WHOLE.fullmatch(typed):
            raise ValueError(self.words.not_number)
        return self.within_bounds(int(typed.replace(",", "")))

    def within_bounds(self, number):
        """The number, or ValueError with the bound it breaks."""
        if number < self.at_least:
            raise ValueError(self.words.too_small.format(f"{self.at_least:,}"))
        if number > self.at_most:
            raise ValueError(self.words.too_large.format(f"{self.at_most:,}"))
        return number


class Money(Line):
    """US dollars, kept as whole cents; bounds are in dollars; None when left out."""

    limit = 20
    width = 10
    inputmode = "decimal"

    def __init__(self, *args, at_least=0, at_most=1_000_000, **rest):
        super().__init__(*args, **rest)
        self.at_least, self.at_most = at_least, at_most

    def read(self, typed):
        if not typed:
            return None
        amount = AMOUNT.fullmatch(typed)
        if not amount:
            raise ValueError(self.words.not_money)
        return self.within_bounds(int(amount[1].replace(",", "")) * 100 + int(amount[2] or 0))

    def within_bounds(self, cents):
        """The cents, or ValueError with the bound they break."""
        if cents < self.at_least * 100:
            raise ValueError(self.words.too_small.format(f"${self.at_least:,}"))
        if cents > self.at_most * 100:
            raise ValueError(self.words.too_large.format(f"${self.at_most:,}"))
        return cents

    def shown(self, value):
        return f"{value // 100:,}.{value % 100:02d}"


class Zip(Line):
    """A US ZIP code of five digits, or nine as 94110-1234; "" when left out."""

    limit = 10
    width = 10
    inputmode = "numeric"
    autocomplete = "postal-code"

    def read(self, typed):
        if not typed:
            return ""
        found = ZIP.fullmatch(typed)
        if not found:
            raise ValueError(self.words.not_zip)
        return f"{found[1]}-{found[2]}" if found[2] else found[1]
