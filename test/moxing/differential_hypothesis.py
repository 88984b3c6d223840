"""The operations of differential.py, chosen by Hypothesis, which makes a failure as short as it can.

    differential_hypothesis.py URL FOLDER EXAMPLES
"""
import itertools
import os
import sys

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from differential import Twin  # noqa: E402

URL, FOLDER, EXAMPLES = sys.argv[1:]
counter = itertools.count()


@settings(max_examples=int(EXAMPLES), deadline=None, database=None, derandomize=True,
          suppress_health_check=list(HealthCheck))
@given(st.data())
def same_on_both_sides(data):
    number = next(counter)
    twin = Twin('%s/%d' % (URL, number), '%s/%d' % (FOLDER, number), lambda options: data.draw(st.sampled_from(options)))
    for _ in range(data.draw(st.integers(1, 30))):
        twin.step()
    twin.compare()


os.makedirs(FOLDER)
same_on_both_sides()
print('%d examples are equal' % next(counter))
