"""The two ways in which a question gets no plain answer."""


class Malformed(ValueError):
    """The question is not one that README.md defines."""


class Refused(ValueError):
    """What the question holds is not what the page allows; the text begins with the section that says so."""


def demand(condition, why):
    """Refuses unless the condition holds."""
    if not condition:
        raise Refused(why)
