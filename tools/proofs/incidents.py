"""Makes an incident log like the real one: same columns, same mess, from a seed. Nothing of it is anybody's."""
import csv
import datetime
import io
import random

COLUMNS = (
    "number incident_state active reassignment_count reopen_count sys_mod_count made_sla caller_id opened_by opened_at "
    "sys_created_by sys_created_at sys_updated_by sys_updated_at contact_type location category subcategory u_symptom "
    "cmdb_ci impact urgency priority assignment_group assigned_to knowledge u_priority_confirmation notify problem_id "
    "rfc vendor caused_by closed_code resolved_by resolved_at closed_at").split()
MISSING = "?"
PATHS = (
    ("New", "Active", "Resolved", "Closed"),
    ("New", "Resolved", "Closed"),
    ("New", "Active", "Awaiting User Info", "Active", "Resolved", "Closed"),
    ("New", "Active", "Awaiting Vendor", "Resolved", "Active", "Resolved", "Closed", "Closed"),
    ("Active", "Awaiting Problem", "Active", "Awaiting Evidence"),
    ("New", "Active"),
)


def stamp(moment):
    """d/m/yyyy hh:mm, as the log writes it."""
    return f"{moment.day}/{moment.month}/{moment.year} {moment:%H:%M}"


def rows(seed, incidents=60, locations=("Location 1", "Location 2", "Location 3"), start=datetime.datetime(2024, 2, 28)):
    """The rows in the order of their times."""
    chance = random.Random(seed)
    found = []
    for number in range(1, incidents + 1):
        path = chance.choice(PATHS)
        moment = start + datetime.timedelta(minutes=chance.randrange(20 * 1440))
        location = chance.choice(locations) if chance.random() > 0.1 else MISSING
        row = dict.fromkeys(COLUMNS, MISSING)
        row.update(
            number=f"INC{number:07}", caller_id=f"Caller {chance.randrange(40)}", contact_type="Phone",
            opened_by=f"Opened by {chance.randrange(9)}", opened_at=stamp(moment), sys_created_by="Created by 1",
            sys_created_at=stamp(moment), category=f"Category {chance.randrange(8)}", impact="2 - Medium",
            urgency="2 - Medium", priority=chance.choice(["3 - Moderate", "2 - High", "4 - Low", "1 - Critical"]),
            assignment_group=f"Group {chance.randrange(6)}", knowledge="false", notify="Do Not Notify",
            u_priority_confirmation="false", u_symptom=f"Symptom {chance.randrange(30)}", closed_code="code 6",
            resolved_by=f"Resolved by {chance.randrange(5)}")
        row["subcategory"] = f"Subcategory {chance.randrange(20)}"
        times = []
        for _ in path:
            times.append(moment)
            moment += datetime.timedelta(minutes=chance.choice([0, 1, 3, 40, 900, 5000]))
        # The log knows on every row how the incident will end.
        row.update(resolved_at=stamp(times[-1]), closed_at=stamp(times[-1]))
        version = 0
        for place, (state, time) in enumerate(zip(path, times)):
            version += chance.choice([1, 1, 1, 2, 3])
            if chance.random() < 0.08:
                location = chance.choice([*locations, MISSING])
            row.update(
                incident_state=state, active="false" if state == "Closed" else "true", sys_mod_count=str(version),
                location=location, made_sla=chance.choice(["true", "true", "false"]),
                sys_updated_by=f"Updated by {chance.randrange(12)}", sys_updated_at=stamp(time),
                assigned_to=MISSING if place == 0 else f"Resolver {chance.randrange(9)}",
                reassignment_count=str(chance.randrange(3)), reopen_count="0")
            found.append((time, number, place, dict(row)))
    found.sort(key=lambda entry: entry[:3])
    return [row for *_, row in found]


def text(rows, quoting=csv.QUOTE_MINIMAL, line_end="\n"):
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, quoting=quoting, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(path, rows, **options):
    path.write_bytes(text(rows, **options).encode("utf-8"))
    return path
