/* The vocabulary's names, as the event log, call records and lang/ know them. */
#include "exchange/priv.h"

static const char *const phrase_names[] = {
#define PHRASE(id, name) [id] = name,
#include "exchange/phrases.def"
#undef PHRASE
};

static const char *const step_names[] = {
#define STEP(id, name) [id] = name,
#include "exchange/steps.def"
#undef STEP
};

static const char *const end_names[] = {
#define END_DEF(id, name) [id] = name,
#include "exchange/ends.def"
#undef END_DEF
};

static const char *const clause_names[] = {
    [CLAUSE_HOUSE] = "house",	[CLAUSE_A3_3] = "A3.3",	    [CLAUSE_A3_4] = "A3.4",
    [CLAUSE_A3_8] = "A3.8",	[CLAUSE_A3_10] = "A3.10",   [CLAUSE_A4_1_1] = "A4.1.1",
    [CLAUSE_A4_1_2] = "A4.1.2", [CLAUSE_A4_1_3] = "A4.1.3", [CLAUSE_A4_1_4] = "A4.1.4",
    [CLAUSE_A4_1_5] = "A4.1.5", [CLAUSE_A4_1_6] = "A4.1.6", [CLAUSE_A4_1_7] = "A4.1.7",
    [CLAUSE_A4_2] = "A4.2",	[CLAUSE_A5_7] = "A5.7",
};

static const char *const command_names[] = {
#define COMMAND(id, name) [id] = name,
#include "exchange/commands.def"
#undef COMMAND
};

static const char *const refusal_names[] = {
#define REFUSAL(id, name, clause) [id] = name,
#include "exchange/refusals.def"
#undef REFUSAL
};

static const char *const bay_names[] = {"none", "ringing", "attendant", "in_hand", "let_go",
					"held", "parked",  "returned",	"long"};
static const char *const queued_names[] = {"no", "asked", "returned", "lost", "handed"};
static const char *const outcome_names[] = {"none",    "answered",    "busy", "no_answer",
					    "refused", "unreachable", "away", "closed",
					    "vacant",  "later"};
static const char *const reached_names[] = {"none",	      "ordinary", "general_manager",
					    "gad_manager_gm", "chairman", "secretary",
					    "customer",	      "gad",	  "gad_manager"};
static const char *const position_names[] = {"off", "on", "away", "wrap_up", "lost"};

const char *exchange_command_name(enum desk_command c)
{
	return c < COMMAND_COUNT ? command_names[c] : "";
}

const char *exchange_refusal_name(enum refusal r)
{
	return r < REFUSAL_COUNT ? refusal_names[r] : "";
}

const char *exchange_bay_name(enum exchange_bay b)
{
	return b < BAY_COUNT ? bay_names[b] : "";
}

const char *exchange_queued_name(enum exchange_queued q)
{
	return q < QUEUED_COUNT ? queued_names[q] : "";
}

const char *exchange_outcome_name(enum exchange_outcome o)
{
	return o < EXCHANGE_OUTCOMES ? outcome_names[o] : "";
}

const char *exchange_reached_name(enum exchange_reached r)
{
	return r < REACHED_COUNT ? reached_names[r] : "";
}

const char *exchange_position_state_name(enum exchange_position_state s)
{
	return s < POSITION_STATE_COUNT ? position_names[s] : "";
}

const char *exchange_phrase_name(enum phrase_kind k)
{
	return k < PHRASE_COUNT ? phrase_names[k] : "";
}

const char *exchange_step_name(enum step_kind k)
{
	return k < STEP_COUNT ? step_names[k] : "";
}

const char *exchange_end_name(enum exchange_end e)
{
	return e < END_COUNT ? end_names[e] : "";
}

const char *exchange_clause_name(enum clause c)
{
	return c < CLAUSE_COUNT ? clause_names[c] : "";
}

#ifdef ZONGJI_FAULTS
static const char *const fault_names[] = {
#define FAULT_DEF(id, name) [id] = name,
#include "exchange/faults.def"
#undef FAULT_DEF
};

int exchange_fault;

const char *exchange_fault_name(enum exchange_fault_kind f)
{
	return f < FAULT_COUNT ? fault_names[f] : "";
}
#endif
