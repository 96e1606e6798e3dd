"""What signing in asks, and what people change about their account."""

from portal.forms import Form
from portal.forms.fields import Email, Hidden, Line, MustBeGiven, Password
from portal.ime.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD


class SignInForm(Form):
    """E-mail and password, and the page that the person wanted."""

    email = Email("E-mail address", [MustBeGiven("Enter your e-mail address")], autocomplete="username")
    password = Password("Password", [MustBeGiven("Enter your password")])
    next = Hidden(limit=2_000)


class CodeForm(Form):
    """A code of the authenticator app, and the page that the person wanted."""

    code = Line(
        "Code",
        [MustBeGiven("Enter the six digits that your app shows")],
        hint="Six digits from your authenticator app.",
        limit=20,
        width=10,
        inputmode="numeric",
        autocomplete="one-time-code",
    )
    next = Hidden(limit=2_000)


class RecoveryForm(Form):
    """A recovery code, and the page that the person wanted."""

    code = Line(
        "Recovery code",
        [MustBeGiven("Enter one of your recovery codes")],
        hint="Like k7mp-x2vd-9hqe-tw4r. Each opens once.",
        limit=60,
        width=20,
        autocomplete="off",
    )
    next = Hidden(limit=2_000)


class PasskeyForm(Form):
    """What the browser says of a passkey, and the page that the person wanted."""

    answer = Hidden(limit=20_000)
    next = Hidden(limit=2_000)


class ForgottenForm(Form):
    """The address to which a link to a new password goes."""

    email = Email("E-mail address", [MustBeGiven("Enter your e-mail address")], autocomplete="username")


class NewPasswordForm(Form):
    """A new password, typed, pasted or made by a password manager."""

    password = Password(
        "New password",
        [MustBeGiven("Enter a new password")],
        hint=f"{SHORTEST_PASSWORD} characters or more, of any kind. Four or five words that do not belong together are "
        "easy to remember.",
        limit=LONGEST_PASSWORD,
        autocomplete="new-password",
    )


class ChangePasswordForm(NewPasswordForm):
    """The present password and the new one."""

    present = Password("Present password", [MustBeGiven("Enter your present password")])


class ChangeEmailForm(Form):
    """The address at which the person wants to be reached from now on."""

    email = Email("New e-mail address", [MustBeGiven("Enter the new e-mail address")])


class ConfirmForm(Form):
    """A button that asks nothing but to be pressed."""
