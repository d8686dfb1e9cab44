"""What several frames of one label say together, each of which may be doubtful.

Each reading names its likeliest texts with their probabilities. Noise and motion differ from frame to frame, so wrong
texts differ as well, and the right one is among the likely ones nearly everywhere: texts are compared by the product of
their probabilities. Part of what blurs or hides a digit is the same in all frames, so a frame counts by a share only.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from agent_lib.ocr import Texts

SHARE = 0.35
"""What each frame counts, of one that shared nothing with the others."""
MOST_OFTEN = 0.4
"""Share of the frames in which the text must be the likeliest."""
UNLISTED = 0.02
"""Probability of a text that a frame does not list, as a share of all that it leaves to such texts."""
OTHERS = 20
"""Texts that no frame lists, and that might be the label's."""
LEAST = 0.003
"""No frame finds a text less probable than this: one that is quite wrong must not decide."""
CONTRADICTS = 0.4
"""Probability of another text from which a frame that does not list the likeliest one stands against it."""
HIDDEN = 0.1
"""Probability of the likeliest text with a digit that cannot be read from which a frame stands against it: tape over
half a digit leaves another one in every frame.
"""
MOST_FRAMES = 12
"""Frames that are kept, the newest."""


class JointReading:
    """The frames of one capture. `add` each; `likeliest` is what they say together."""

    def __init__(self) -> None:
        self._frames: deque[Texts] = deque(maxlen=MOST_FRAMES)

    def add(self, texts: Texts) -> bool:
        """Add the texts of a frame in which a label was read; whether they are new. The same to the last digit are
        those of the same picture, which a camera may send more than once.
        """
        if texts and texts in self._frames:
            return False
        if texts:
            self._frames.append(texts)
        return True

    def likeliest(self, mean: Texts = (), beside: Sequence[Texts] = ()) -> tuple[str, float, int]:
        """The text that all frames make likeliest, its probability, and how many frames list it; "" where it is the
        likeliest in too few of them, or one shows something else.

        `mean`: the texts of their mean; `beside`: those of further frames.
        """
        single = [*self._frames, *(texts for texts in beside if texts)]
        frames = [dict(texts) for texts in (*single, mean) if texts]
        if not frames:
            return "", 0.0, 0
        unlisted = [max(LEAST, UNLISTED * (1.0 - sum(texts.values()))) for texts in frames]
        scores = {
            text: SHARE
            * sum(math.log(max(texts.get(text, 0.0), rest)) for texts, rest in zip(frames, unlisted, strict=True))
            for text in {text for texts in frames for text in texts}
        }
        others = SHARE * sum(map(math.log, unlisted)) + math.log(OTHERS)
        best = max(sorted(scores), key=lambda text: scores[text])
        first = sum(texts[0][0] == best for texts in single)
        if first < MOST_OFTEN * len(single) or any(_against(best, texts) for texts in frames):
            return "", 0.0, 0
        highest = max(scores[best], others)
        total = sum(math.exp(score - highest) for score in (*scores.values(), others))
        return (
            best,
            math.exp(scores[best] - highest) / total,
            sum(any(text == best for text, _ in texts) for texts in single),
        )


def _against(best: str, texts: dict[str, float]) -> bool:
    """Whether a frame with these texts shows something else than `best`, or that a digit of it is hidden."""
    hidden = [f"{best[:place]}?{best[place + 1 :]}" for place in range(len(best))]
    if any(texts.get(text, 0.0) >= HIDDEN for text in hidden):
        return True
    return best not in texts and max(texts.values()) >= CONTRADICTS
