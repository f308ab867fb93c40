"""Writes test/goldens/report/events.json: an event file that TensorBoard's own writer wrote, and reads event files for the tests.

Run with a Python that has tensorboard: python scripts/goldens/tensorboard_events.py
With a folder as argument it prints what TensorBoard reads there, as JSON, and writes nothing.
"""

import json
import sys
from pathlib import Path

import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

OUT = Path(__file__).resolve().parents[2] / "test" / "goldens" / "report" / "events.json"
SCALARS = [
    {"tag": "batch/loss", "value": 2.5, "step": 0, "time": 1700000000.25},
    {"tag": "hypers/lr", "value": 0.001, "step": 127, "time": 1700000001.0},
    {"tag": "loss/valid", "value": -3.0, "step": 128, "time": 1700000002.5},
    {"tag": "größe", "value": 1e-30, "step": 5000000000, "time": 1700000003.0},
]


class Memory:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


if len(sys.argv) > 1:
    events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
    events.Reload()
    print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
else:
    memory = Memory()
    writer = RecordWriter(memory)
    writer.write(Event(wall_time=1700000000.0, file_version="brain.Event:2").SerializeToString())
    for one in SCALARS:
        value = Summary.Value(tag=one["tag"], simple_value=one["value"])
        event = Event(wall_time=one["time"], step=one["step"], summary=Summary(value=[value]))
        writer.write(event.SerializeToString())
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"comment": "made by scripts/goldens/tensorboard_events.py", "tensorboard": tensorboard.__version__, "versionTime": 1700000000.0, "scalars": SCALARS, "bytes": memory.data.hex()}) + "\n")
