/* An event and what came of it, as one readable paragraph on stdout: for failing runs. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "invariants.h"

void trace_event(const struct event *ev, const struct now *now);
void trace_effects(const struct effects *fx);
void trace_state(const struct exchange *x);

#endif
