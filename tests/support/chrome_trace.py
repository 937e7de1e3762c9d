"""What a file in the Trace Event Format has to have so that viewers show it."""
import json

# Members that an event needs beside ph, name, pid and tid.
NEEDED = {'M': ['args'], 'C': ['ts', 'args'], 'i': ['ts', 's', 'args']}


def refuse(what):
    raise ValueError(f'{what} is no number of JSON')


def load(text):
    return json.loads(text, parse_constant=refuse)


def problems(trace):
    """Returns one sentence for each thing that is wrong with a trace, as json gives it."""
    found = []
    events = trace.get('traceEvents')
    if not isinstance(events, list) or not events:
        return ['there are no traceEvents']
    for number, event in enumerate(events):
        where = f'event {number} ({event})'
        missing = [key for key in ['ph', 'name', 'pid', 'tid', *NEEDED.get(event.get('ph'), [])] if key not in event]
        if missing:
            found.append(f'{where} has no {", ".join(missing)}')
        elif event['ph'] not in NEEDED:
            found.append(f'{where} has an unknown phase')
        elif not isinstance(event['name'], str) or not all(type(event[key]) is int for key in ('pid', 'tid')):
            found.append(f'{where} has a name, pid or tid of the wrong type')
        elif not isinstance(event.get('ts', 0), (int, float)) or event.get('ts', 0) < 0:
            found.append(f'{where} has a time that is none, or before the beginning')
        elif event['ph'] == 'C' and not (event['args'] and all(isinstance(value, (int, float)) for value in event['args'].values())):
            found.append(f'{where} is a counter without numbers')
        elif event['ph'] == 'i' and event['s'] not in ('g', 'p', 't'):
            found.append(f'{where} has an unknown scope')
    named = {event['args']['name'] for event in events if event.get('ph') == 'M' and event['name'] == 'process_name'}
    if len(named) != 1:
        found.append(f'the process has {len(named)} names')
    rows = {event['tid'] for event in events if event.get('ph') == 'M' and event['name'] == 'thread_name'}
    used = {event.get('tid') for event in events}
    if not used <= rows:
        found.append(f'the rows {sorted(used - rows)} have no name')
    return found


def of(trace, phase, name):
    """The events of a phase with a name, in their order."""
    return [event for event in trace['traceEvents'] if event['ph'] == phase and event['name'] == name]
