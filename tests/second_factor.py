"""What somebody has in their pocket when they sign in: an authenticator app that is in use."""

import pyotp

from portal import clock
from portal.models import Authenticator, User


class App:
    """An authenticator app on a telephone, set up for a person in the place of any other."""

    def __init__(self, user: User) -> None:
        self.secret = pyotp.random_base32()
        Authenticator.delete().where(Authenticator.user == user).execute()
        Authenticator.create(user=user, secret=self.secret, confirmed_at=clock.now())

    def code(self, steps: int = 0) -> str:
        """The six digits shown now, or so many half minutes later."""
        totp = pyotp.TOTP(self.secret)
        return totp.generate_otp(totp.timecode(clock.now()) + steps)
