/* Erlang C (A. K. Erlang, 1917): callers come at random, wait in one queue and don't give up. */
#include <math.h>

#include "records/figures.h"

#define HOUR_S 3600.0

/* The probability that a caller has to wait, by the recursion of Erlang B. */
static double waits(unsigned agents, double erlangs)
{
	double blocked = 1.0;

	for (unsigned n = 1; n <= agents; n++)
		blocked = erlangs * blocked / (n + erlangs * blocked);
	return agents * blocked / (agents - erlangs * (1.0 - blocked));
}

double records_erlang_served(unsigned agents, double offered_per_hour, double hold_s, double wait_s)
{
	double erlangs = offered_per_hour * hold_s / HOUR_S;

	if (erlangs <= 0)
		return 1.0;
	if (agents <= erlangs)
		return 0.0;
	return 1.0 - waits(agents, erlangs) * exp(-(agents - erlangs) * wait_s / hold_s);
}

unsigned records_erlang_agents(double offered_per_hour, double hold_s, double wait_s, double goal)
{
	unsigned agents = 1;

	if (offered_per_hour <= 0 || hold_s <= 0)
		return 0;
	while (agents < RECORDS_AGENTS_MAX &&
	       records_erlang_served(agents, offered_per_hour, hold_s, wait_s) < goal)
		agents++;
	return agents;
}
