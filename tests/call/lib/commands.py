"""A world led by a test in JavaScript: a line of stdin is a JSON list, a method of the world with its
arguments, and is answered by a line with its value or error. Ends with stdin."""
import json
import sys


def serve(world, close):
    try:
        print(json.dumps(world.where()), flush=True)
        for line in sys.stdin:
            name, *args = json.loads(line)
            try:
                answer = {"value": getattr(world, name)(*args)}
            except Exception as e:  # the test says it in its own place
                answer = {"error": f"{name} {args}: {e}"}
            print(json.dumps(answer, default=str), flush=True)
    finally:
        print(json.dumps({"status": close()}), flush=True)
