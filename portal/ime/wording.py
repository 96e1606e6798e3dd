"""The words and turns of phrase that the question linter looks for, as patterns."""

import re


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})", re.IGNORECASE)


_EMPTY = """
    a an and are as at be been by can claimant could current did do does for from had has have he her his how
    if in is it its of on or please present s she should that the their there they this to was were what when
    where which who will with would you your
"""
EMPTY_WORDS = frozenset(_EMPTY.split())

_SUBJECT = "(?:the|this|that|these|those|there|it|he|she|they|any|his|her|their|such|an?|you|further|more)"
_AUXILIARY = "(?:is|are|was|were|does|do|did|has|have|had|can|could|should|would|will|may|must)"
_CALLED_FOR = "(?:needed|indicated|required|necessary|warranted|appropriate|expected)"
_INTERROGATIVE = "(?:what|when|how|why|which|whether|who|where)"
_REASONS = r"(?!\s+(?:the |your |any |medical )*(?:reason|rationale|basis|grounds))"
_TASK = (
    rf"(?:please\s+)?(?:state|describe|list|identify|provide|give|rate|address|indicate|specify)\b{_REASONS}"
)
_SECOND = "|".join(
    (
        rf"(?:(?:to|in|for|from|at|on|by|under)\s+)?{_INTERROGATIVE}\b",
        rf"{_AUXILIARY}\s+{_SUBJECT}\b",
        r"(?:does|did)\s+(?!not\b)\w+",
        rf"{_AUXILIARY}\s+(?:\w+\s+){{1,3}}{_CALLED_FOR}\b",
        _TASK,
    )
)

SECOND_SENTENCE = re.compile(rf"(?<=\?)(?:[^?]*\w[^?]*\?|\s+{_TASK}[^?]*)", re.IGNORECASE)
SECOND_CLAUSE = re.compile(
    rf"(?:(?:\band(?:/or)?,?|;|\bas well as)\s+(?:(?:if so|if not|then),?\s+)?(?:{_SECOND})"
    r"|\bor\s+(?:what|when|how|why|who)\b)[^,;?.]*",
    re.IGNORECASE,
)

# A request or an interrogative word at the start of a sentence makes a question even without its mark.
REQUEST = re.compile(
    r"(?:^|[.:]\s)\s*(?:please\s+)?(?:also\s+)?"
    r"(?:address|advise|assess|comment on|compare|confirm|describe|discuss|estimate|explain|give|identify"
    r"|indicate|list|name|outline|prescribe|provide|rate|refer|review|say|set out|specify|state|summarize"
    r"|tell us|to what|on what"
    rf"|in what|from what|{_INTERROGATIVE}|{_AUXILIARY})\b",
    re.IGNORECASE,
)

VAGUE = re.compile(
    r"^\W*(?:please\s+)?(?:comment|advise|discuss|review|opine)\W*$|\bplease (?:comment|advise)\W*$"
    r"|\bany (?:other )?(?:thoughts|comments)\b|\bany (?:other )?opinions?\W*$"
    r"|\banything else\b|\byour thoughts\b",
    re.IGNORECASE,
)

LEADING = _any_of(
    r"(?:do|would|don't|wouldn't) you (?:not )?agree that\b",
    r"(?:don't|wouldn't|would not) you (?:not )?agree\b",
    r"(?:do|would) you not agree\b",
    r"(?:is|are|was|were|does|did|has)n't (?:it|this|that|there|the)\b",
    r"is it not (?:true|correct|the case|so)\b",
    r"(?:please )?confirm that\b",
    r"(?:is it )?true that\b",
    r"obviously\b",
    r"(?<!state )(?<!explain )(?<!describe )(?<!indicate )clearly\b",
    r"surely\b",
    r"undoubtedly\b",
    r"of course\b",
    r"merely\b",
    r"so-called\b",
    r"alleged(?:ly)?\b",
    r"malinger\w*",
    r"fak(?:e|ed|ing)\b",
    r"exaggerat\w+",
    r"secondary gain\b",
    r"dishonest\w*",
    r"truthful\w*",
    r"(?:in)?credib\w+",
    r"as we (?:believe|suspect|expect)\b",
)

JARGON = _any_of(
    r"proximate(?:ly)? caus\w+",
    r"(?:non-?)?compensab\w+",
    r"liab(?:le|ility)\b",
    r"neglig\w+",
    r"preponderance\b",
    r"burden of proof\b",
    r"clear and convincing\b",
    r"substantial evidence\b",
    r"prima facie\b",
    r"res ipsa\b",
    r"entitle(?:d|ment)\b",
    r"arising out of\b",
    r"arose out of\b",
    r"in the course of employment\b",
    r"tort(?:ious|feasor)?\b",
    r"damages\b",
    r"malpractice\b",
    r"standard of care\b",
    r"breach\w*",
    r"pursuant to\b",
    r"hereinafter\b",
    r"aforementioned\b",
    r"beyond a reasonable doubt\b",
)

ABSOLUTE = _any_of(
    r"any possibility\b",
    r"is it possible\b",
    r"(?:could|might) (?:possibly|conceivably)\b",
    r"conceivab(?:le|ly)\b",
    r"ever\b",
    r"never\b",
    r"always\b",
    r"absolutely\b",
    r"any and all\b",
    r"with (?:absolute|complete|100 ?%) certainty\b",
    r"beyond any doubt\b",
    r"rule out (?:any|every|all)\b",
)

_CLAIMANT = "(?:the claimant|the patient|the worker|him|her|them|mr|mrs|ms)"
ADVICE = _any_of(
    rf"(?:advise|tell|counsel|instruct|warn|reassure) {_CLAIMANT}\b",
    rf"(?:discuss|talk|speak|go over)\b.{{0,40}}\bwith {_CLAIMANT}\b",
    r"(?:please )?prescribe\b",
    rf"refer {_CLAIMANT} (?:to|for)\b",
    r"(?:begin|start) treat(?:ing|ment)\b",
)
