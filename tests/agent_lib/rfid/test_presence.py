"""TagPresence: which sightings of a tag are new events."""

from agent_lib.rfid import TagPresence


def test_presence_is_extended_by_each_sighting():
    presence = TagPresence(1.0, 2.0)
    assert presence.seen("A", 0.0)
    assert not any(presence.seen("A", moment / 10) for moment in range(1, 100))
    assert not presence.seen("A", 11.8)
    assert presence.seen("A", 13.9)
    assert presence.seen("B", 13.9)


def test_debounce_counts_from_the_last_event():
    presence = TagPresence(1.0, 0.0)
    events = [moment for moment in range(30) if presence.seen("A", moment / 10)]
    assert events == [0, 10, 20]


def test_presence_forgets_what_is_long_gone_and_is_bounded():
    presence = TagPresence(1.0, 2.0)
    for number in range(20_000):
        presence.seen(str(number), number / 100_000)
    assert len(presence) == TagPresence.LIMIT
    presence.seen("last", 100.0)
    assert len(presence) == 1


def test_a_tag_that_was_there_before_an_outage_is_no_new_event_after_it():
    presence = TagPresence(1.0, 2.0)
    assert presence.seen("stays", 0.0) and presence.seen("left", 0.0)
    assert not presence.seen("stays", 1.9) and not presence.seen("stays", 3.0)
    presence.resume(4.0, 60.0, 300.0)
    assert not presence.seen("stays", 61.9), "nothing says that it left"
    assert presence.seen("left", 61.9), "it had left before"
    presence.resume(62.0, 400.0, 300.0)
    assert presence.seen("stays", 400.0), "too long to know"


def test_a_tag_that_does_not_come_right_after_an_outage_has_left():
    presence = TagPresence(1.0, 2.0)
    presence.seen("A", 0.0)
    presence.resume(1.0, 60.0, 300.0)
    assert presence.seen("A", 62.0)


def test_a_restored_tag_is_no_new_event():
    presence = TagPresence(1.0, 2.0)
    presence.restore(["A", "B"], 10.0)
    assert not presence.seen("A", 11.0) and presence.seen("B", 12.0) and presence.seen("C", 12.0)
