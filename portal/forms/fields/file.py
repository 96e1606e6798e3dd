"""Answers that are files."""

from werkzeug.datastructures import FileStorage

from .base import Answer


class Uploads(Answer):
    """Any number of files up to `at_most`; a list of FileStorage, [] when none."""

    kind = "files"
    multiple = True

    def __init__(self, *args, accept=None, at_most=50, **rest):
        super().__init__(*args, **rest)
        self.accept = accept
        self.at_most = at_most

    def process_formdata(self, valuelist):
        self.data = [each for each in valuelist if isinstance(each, FileStorage) and each.filename]
        if len(self.data) > self.at_most:
            raise ValueError(self.words.too_many_files.format(self.at_most))


class Upload(Uploads):
    """One file as FileStorage; None when left out."""

    multiple = False

    def process_formdata(self, valuelist):
        super().process_formdata(valuelist)
        self.data = self.data[0] if self.data else None
