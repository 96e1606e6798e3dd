"""What an answer must be: validators named as sentences, each told what to say."""

from datetime import date

from wtforms.validators import StopValidation, ValidationError

from portal import clock


class MustBeGiven:
    """The answer may not be left out; the sentence says what to do."""

    def __init__(self, sentence):
        self.sentence = sentence

    def __call__(self, form, field):
        if not field.is_given:
            raise StopValidation(self.sentence)


class MayBeNeeded(MustBeGiven):
    """Neither optional nor always needed: what else was given decides, and whoever takes the form says so."""

    def __init__(self):
        super().__init__("")

    def __call__(self, form, field):
        pass


class Must:
    """An answer that was given must hold; an answer left out is MustBeGiven's affair."""

    def __init__(self, sentence):
        self.sentence = sentence

    def __call__(self, form, field):
        if field.data not in (None, "", []) and not self.holds(field.data):
            raise ValidationError(self.sentence)


class MustBeAtMost(Must):
    """Text of at most so many characters, a list of so many items, or a number or amount of at most so much."""

    def __init__(self, most, sentence):
        super().__init__(sentence)
        self.most = most

    def holds(self, answer):
        return (len(answer) if hasattr(answer, "__len__") else answer) <= self.most


class MustBeAtLeast(Must):
    """Text of at least so many characters, a list of so many items, or a number or amount of at least so much."""

    def __init__(self, least, sentence):
        super().__init__(sentence)
        self.least = least

    def holds(self, answer):
        return (len(answer) if hasattr(answer, "__len__") else answer) >= self.least


class MustBeInThePast(Must):
    """A day before today, or today."""

    def holds(self, answer: date):
        return answer <= clock.today()


class MustNotBeInThePast(Must):
    """Today, or a day to come."""

    def holds(self, answer: date):
        return answer >= clock.today()


class MustBeOneOf(Must):
    """One of the values named."""

    def __init__(self, values, sentence):
        super().__init__(sentence)
        self.values = frozenset(values)

    def holds(self, answer):
        return answer in self.values
