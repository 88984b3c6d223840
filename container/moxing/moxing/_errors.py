"""The exceptions of moxing.file, under the names scripts catch."""


class MoxFileException(Exception):
    """The parent of all."""


class MoxFileConnectionException(MoxFileException, OSError):
    """The object store cannot be reached from here."""


class MoxFileNameDuplicateException(MoxFileException):
    """A file and a folder have one name, which a file system cannot hold."""


class MoxFileRespException(MoxFileException):
    """The store answered with a status of 300 or more. `resp` holds status, errorCode, errorMessage."""

    def __init__(self, resp):
        super(MoxFileRespException, self).__init__(resp)
        self.resp = resp

    def __str__(self):
        return str(self.resp)


class MoxFileReadException(MoxFileRespException):
    """The body of an answer broke off."""


class MoxFileNotExistsException(MoxFileRespException, FileNotFoundError):
    """There is nothing at this URL. Also a FileNotFoundError, because scripts replace `open` and `os` by this API."""

    def __str__(self):
        return str(self.resp)


class Resp(object):
    """What the store answered, with the attribute names of the OBS SDK."""

    def __init__(self, status, reason, url, error_code=None, error_message=None):
        self.status, self.reason, self.url = status, reason, url
        self.errorCode, self.errorMessage = error_code, error_message

    def __str__(self):
        text = '%s: %s %s' % (self.url, self.status, self.errorCode or self.reason)
        return '%s (%s)' % (text, self.errorMessage) if self.errorMessage else text


def not_exists(url):
    """A MoxFileNotExistsException for a URL or a path below which nothing was found."""
    return MoxFileNotExistsException(Resp(404, 'Not Found', url, 'NotFound', 'there is no such file or folder'))
