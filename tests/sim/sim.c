#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "moves.h"
#include "trace.h"

enum { EPISODE_CALLS = 200, EPISODE_EVENTS = 40000, TRACED = 45, DRAIN = 20000 };

/* What an episode does without: events that never come. */
enum sim_lost { LOST_RECORDED = 1, LOST_KEPT = 2, LOST_PLAYED = 4, QUIET_WORLD = 8 };

struct sim {
	struct world world;
	struct watch watch;
	struct effects fx;
	struct moves moves;
	struct exchange *x;
	struct now now;
	uint64_t random;
	unsigned lost, check;
	unsigned positions, skill[WATCH_POSITIONS]; /* skill: of 100 acts, those that are meant */
	void *before; /* the state before a command */
	size_t bytes;
	uint64_t calls, events, trace_from;
	struct sim_result *result;
	const struct sim_options *o;
	const char *wrong;
};

static const struct scene phones = {
	.name = "phones",
	.flags = SCENE_HOLD | SCENE_ATTENDED | SCENE_ALL_CODES,
	.digits = "2121313141425269717273740*#8",
	.refer = {"21", "31", "41", "75", "80", "95550"},
	.desk = {.acts = SCENE_ACT(HEADSET), .commands = SCENE_COMMAND(GREET)},
};

static const struct scene desks[2] = {
	{.name = "operators", .calls = 12,
	 .desk = {.positions = WATCH_POSITIONS, .phone = EXT_GAD_DESK,
		  .targets = {{.extension = EXT_STAFF}, {.person = PERSON_GM},
			      {.person = PERSON_CHAIRMAN}, {.department = DEPT_SERVICE},
			      {.department = DEPT_GAD}, {.number = "95550"}}}},
	{.name = "beginners", .calls = 12, .flags = SCENE_STRANGE,
	 .desk = {.positions = WATCH_POSITIONS, .phone = EXT_SERVICE_ONE, .nailed = true,
		  .targets = {{.number = "41"}, {.extension = EXT_GM_SECOND},
			      {.person = PERSON_SECRETARY}, {.person = PERSON_GAD_MANAGER},
			      {.number = "110"}, {.department = DEPT_ALL}}}},
};

/* splitmix64 */
static uint64_t draw(struct sim *s)
{
	s->random += UINT64_C(0x9E3779B97F4A7C15);
	return hash_mix(s->random ^ (s->random >> 29));
}

static unsigned below(struct sim *s, unsigned n)
{
	return (unsigned)(draw(s) % n);
}

static void effects_count(struct sim *s)
{
	for (unsigned i = 0; i < s->fx.count; i++) {
		const struct effect *e = &s->fx.v[i];

		s->result->joined += e->kind == FX_JOIN;
		s->result->rejected += e->kind == FX_REJECT;
		s->result->kept += e->kind == FX_STEP && e->step.step == STEP_MESSAGE_KEPT;
		s->result->consents += e->kind == FX_STEP && e->step.step == STEP_CONSENT;
		s->result->by_hand += e->kind == FX_STEP && e->step.step == STEP_ANSWERED_OPERATOR;
		if (s->o->told && e->kind == FX_STEP && e->step.call_no)
			s->o->told(e, s->result->episodes, s->now.wall_ms, s->o->arg);
	}
}

static void step(struct sim *s, const struct event *ev)
{
	bool traced = s->events >= s->trace_from;

	s->events++;
	if (traced)
		trace_event(ev, &s->now);
	if (ev->kind == EV_COMMAND)
		memcpy(s->before, s->x, s->bytes);
	watch_before(&s->watch, s->x, ev);
	exchange_step(s->x, &s->world.rules, ev, &s->now, &s->fx);
	watch_after(&s->watch, s->x, ev, &s->fx);
	if (s->events % s->check == 0)
		watch_state(&s->watch, s->x, &s->now);
	if (traced)
		trace_effects(&s->fx);
	effects_count(s);
	s->wrong = s->watch.wrong;
	s->result->commands += ev->kind == EV_COMMAND;
	s->result->refused += s->watch.refused;
	if (!s->wrong && s->watch.refused && memcmp(s->before, s->x, s->bytes) != 0)
		s->wrong = "a command that was refused changed something";
	if (!s->wrong && s->events % s->check == 0)
		s->wrong = exchange_check(s->x);
}

static void event_of(struct event *ev, enum event_kind k, leg_id leg)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = k;
	ev->leg = leg;
}

static const struct watch_leg *any_leg(struct sim *s)
{
	unsigned at = below(s, WATCH_LEGS);

	for (unsigned i = 0; i < WATCH_LEGS; i++)
		if (s->watch.leg[(at + i) % WATCH_LEGS].id)
			return &s->watch.leg[(at + i) % WATCH_LEGS];
	return NULL;
}

static uint32_t any_extension(struct sim *s)
{
	return s->world.extensions[below(s, WORLD_EXTENSIONS)].id;
}

/* ---- what happens ---- */

static void arrives(struct sim *s)
{
	static const char *const outside[] = {"80", "80", "80", "21", "80", "31", "80", "72",
					      "69", "71", "22", "73", "74", "99", "", "95550",
					      "*8"};
	static const char *const inside[] = {
		"80", "0", "21", "22", "31", "32", "41", "42", "51", "69", "71", "72", "75", "*8",
		"*721", "*731", "*6", "*1", "*2", "*331", "*322", "*395550", "*4", "95550", "90010",
		"900010", "110", "9110", "99", ""};
	const struct watch_leg *l = any_leg(s);
	struct event ev;

	event_of(&ev, EV_INVITE, 0);
	ev.invite.call_no = watch_call_no(&s->watch);
	if (!ev.invite.call_no)
		return;
	if (below(s, 40) == 0) {
		event_of(&ev, EV_BOX_CALL, 0);
		ev.box_call.call_no = watch_call_no(&s->watch);
		ev.box_call.person = below(s, WORLD_PEOPLE + 2);
		s->calls++;
		step(s, &ev);
		return;
	}
	ev.invite.channel = (uint32_t)(ev.invite.call_no >> 8);
	ev.invite.withheld = below(s, 20) == 0;
	if (below(s, 2)) {
		ev.invite.trunk = (uint16_t)(below(s, 100) ? 1 + below(s, 2) : 33);
		TEXT_COPY(ev.invite.dialled, outside[below(s, s->positions ? 9 : 17)]);
		TEXT_COPY(ev.invite.number, below(s, 8) ? "13800000001" : WORLD_INSTRUCTED);
	} else {
		ev.invite.extension = below(s, 100) ? any_extension(s) : 9999;
		TEXT_COPY(ev.invite.dialled, inside[below(s, sizeof(inside) / sizeof(*inside))]);
	}
	if (below(s, 25) == 0 && l)
		ev.invite.replaces = l->id;
	ev.invite.replaces_early_only = below(s, 2);
	s->calls++;
	step(s, &ev);
}

static void leg_lives(struct sim *s)
{
	const struct watch_leg *l = any_leg(s);
	unsigned i;

	if (!l)
		return;
	moves_look(s->x, &s->moves);
	moves_leg(&phones, s->x, &s->watch, l, &s->moves);
	i = below(s, s->moves.count);
	if (s->moves.v[i].kind == EV_ENDED && below(s, l->flags & WLEG_HEADSET ? 64 : 8))
		return; /* most are patient */
	if (s->moves.v[i].kind == EV_FAILED && below(s, 3))
		s->moves.v[i].kind = EV_ANSWERED; /* and most answer */
	if (s->moves.v[i].kind != EV_PLAYED || !(s->lost & LOST_PLAYED))
		step(s, &s->moves.v[i]);
}

static void made(struct sim *s)
{
	const struct event *ev;

	s->moves.count = 0;
	moves_made(s->x, &s->watch, &s->moves);
	if (!s->moves.count)
		return;
	ev = &s->moves.v[below(s, s->moves.count)];
	if (!(s->lost & (ev->kind == EV_RECORDED ? LOST_RECORDED : LOST_KEPT)))
		step(s, ev);
}

static void timer(struct sim *s)
{
	int64_t due = exchange_next_due_ms(s->x);
	struct event ev;

	if (due == INT64_MAX)
		return;
	if (due > s->now.mono_ms) {
		s->now.wall_ms += due - s->now.mono_ms;
		s->now.mono_ms = due;
	}
	event_of(&ev, EV_TIMER, 0);
	step(s, &ev);
}

static void day_changes(struct sim *s)
{
	static const char *const numbers[] = {"21", "22", "31", "41", "80", "72", "95550", "0"};
	struct event ev;
	unsigned what = below(s, 10);

	event_of(&ev, EV_SET, 0);
	ev.day.on = below(s, 2);
	ev.day.extension = any_extension(s);
	ev.day.person = 1 + below(s, WORLD_PEOPLE);
	ev.day.until_wall_ms = below(s, 2) ? 0 : s->now.wall_ms + below(s, 3600000);
	TEXT_COPY(ev.day.number, numbers[below(s, sizeof(numbers) / sizeof(*numbers))]);
	ev.day.set = (enum day_set)below(s, DAY_INSTRUCTION);
	if (what == 7) { /* the general manager isn't to be asked, by anybody */
		ev.day.set = DAY_INSTRUCTION;
		ev.day.person = PERSON_GM;
		ev.day.id = WORLD_BY_NAME + 1;
		ev.day.refuse = true;
		ev.day.number[0] = '\0';
	} else if (what < 4 || (s->lost & QUIET_WORLD)) {
		event_of(&ev, EV_REACHABLE, 0);
		ev.presence.id = any_extension(s);
		ev.presence.on = below(s, 4);
	} else if (what < 6) {
		event_of(&ev, EV_TRUNK, 0);
		ev.presence.id = 1 + below(s, 3);
		ev.presence.on = below(s, 3);
	} else if (what == 6) {
		event_of(&ev, EV_MEASURES, 0);
	}
	step(s, &ev);
}

/* ---- operators ---- */

/* Which call he means: what is in his hand; else, or by mistake, any. */
static const struct exchange_call_view *means(struct sim *s, uint16_t position, bool able)
{
	struct exchange_position_view p;

	unsigned n = s->moves.calls, from = n ? below(s, n) : 0;

	for (unsigned i = 0; able && i < n; i++)
		if (exchange_position_view(s->x, position, &p) && p.call_no &&
		    s->moves.call[i].call_no == p.call_no)
			return &s->moves.call[i];
	for (unsigned i = 0; able && i < n; i++) {
		const struct exchange_call_view *v = &s->moves.call[(from + i) % n];

		if (v->bay != BAY_NONE && v->bay != BAY_IN_HAND && v->bay != BAY_LET_GO)
			return v;
	}
	return n ? &s->moves.call[from] : NULL;
}

static enum desk_command wants(struct sim *s, const struct exchange_call_view *v, bool able)
{
	static const enum desk_command often[] = {
		COMMAND_PUT_THROUGH, COMMAND_PUT_THROUGH, COMMAND_LET_GO, COMMAND_SCREEN,
		COMMAND_CONSULT, COMMAND_OUTCOME, COMMAND_HOLD};
	enum desk_command what = (enum desk_command)below(s, COMMAND_COUNT);

	if (able && v && v->bay == BAY_IN_HAND && below(s, 4))
		what = often[below(s, sizeof(often) / sizeof(often[0]))];
	else if (able && v && v->bay != BAY_IN_HAND && below(s, 6))
		what = v->bay == BAY_HELD ? COMMAND_RETRIEVE : COMMAND_ANSWER;
	if (what == COMMAND_HANG_UP && below(s, 3))
		what = COMMAND_TOLD;
	return what;
}

static void operator_acts(struct sim *s)
{
	uint16_t position = (uint16_t)(1 + below(s, s->positions));
	bool able = below(s, 100) < s->skill[position - 1];
	const struct exchange_call_view *v;
	enum desk_command what;
	struct event *ev;

	moves_look(s->x, &s->moves);
	v = means(s, position, able);
	what = wants(s, v, able);
	if (below(s, 8) == 0)
		v = NULL;
	moves_order(&desks[!able], &s->watch, position, what, v, &s->moves);
	if (!s->moves.count)
		return;
	ev = &s->moves.v[below(s, s->moves.count)];
	if (!able && below(s, 4) == 0) {
		ev->command.rev ^= (uint16_t)below(s, 4);
		ev->command.position = (uint16_t)below(s, WATCH_POSITIONS + 2);
	}
	step(s, ev);
	s->calls += what == COMMAND_DIAL && !s->watch.refused;
}

static void console_acts(struct sim *s)
{
	static const enum desk_act often[] = {DESK_ON, DESK_ON, DESK_PAGE_BACK, DESK_SOUND_BACK,
					      DESK_HEADSET, DESK_HEADSET};
	uint16_t position = (uint16_t)(1 + below(s, s->positions));
	enum desk_act act = below(s, 2) ? (enum desk_act)below(s, DESK_ACT_COUNT)
					: often[below(s, sizeof(often) / sizeof(often[0]))];

	s->moves.count = 0;
	moves_act(&desks[below(s, 2)], position, act, &s->moves);
	if (act == DESK_AWAY && below(s, 2))
		s->moves.v[0].desk.until_wall_ms = s->now.wall_ms + 600000;
	if (act == DESK_PHONE && below(s, 4) == 0)
		s->moves.v[0].desk.extension = below(s, 2) ? EXT_GM : 0;
	step(s, &s->moves.v[0]);
}

static void desk_opens(struct sim *s)
{
	s->positions = below(s, WATCH_POSITIONS + 1);
	for (uint16_t p = 1; p <= s->positions && !s->wrong; p++) {
		s->skill[p - 1] = 20 + below(s, 80);
		s->moves.count = 0;
		moves_act(&desks[0], p, DESK_ON, &s->moves);
		moves_act(&desks[0], p, below(s, 4) ? DESK_HEADSET : DESK_PHONE, &s->moves);
		step(s, &s->moves.v[0]);
		step(s, &s->moves.v[1]);
	}
}

/* All leave, or all their consoles vanish at once. */
static void desk_closes(struct sim *s, bool vanish)
{
	struct event ev;

	event_of(&ev, EV_DESK, 0);
	ev.desk.act = vanish ? DESK_PAGE_LOST : DESK_OFF;
	for (uint16_t p = 1; p <= s->positions && !s->wrong; p++) {
		ev.desk.position = p;
		step(s, &ev);
	}
}

static void headsets_end(struct sim *s)
{
	struct event ev;

	for (unsigned i = 0; i < WATCH_LEGS && !s->wrong; i++) {
		if (!s->watch.leg[i].id || !(s->watch.leg[i].flags & WLEG_HEADSET))
			continue;
		event_of(&ev, EV_ENDED, s->watch.leg[i].id);
		step(s, &ev);
	}
}

/* Anything at all, for a leg that lives, has lived or never will. */
static void nonsense(struct sim *s)
{
	static const enum event_kind kinds[] = {
		EV_RINGING, EV_EARLY, EV_ANSWERED, EV_FAILED, EV_ENDED, EV_DIGIT, EV_HELD,
		EV_RETRIEVED, EV_REFER, EV_PLAYED, EV_RECORDED, EV_KEPT, EV_NOT_KEPT, EV_SILENT,
		EV_BUSY_TONE, EV_TIMER, EV_TAPED};
	const struct watch_leg *l = any_leg(s);
	struct event ev;

	event_of(&ev, kinds[below(s, sizeof(kinds) / sizeof(*kinds))], l ? l->id : 0);
	if (below(s, 2))
		ev.leg = (uint32_t)draw(s) & 0x3003F;
	if (ev.kind == EV_DIGIT) {
		ev.digit.digit = (char)draw(s);
	} else if (ev.kind == EV_REFER) {
		ev.refer.replaces = below(s, 2) ? ev.leg : (uint32_t)draw(s) & 0x3003F;
		TEXT_COPY(ev.refer.number, below(s, 2) ? "" : "9");
	} else if (ev.kind == EV_FAILED || ev.kind == EV_ENDED) {
		ev.code.code = (uint16_t)(300 + below(s, 400));
	} else {
		ev.done.serial = s->watch.last_serial - below(s, 4);
		ev.done.ms = below(s, 5000);
	}
	step(s, &ev);
}

static void phone_restarts(struct sim *s)
{
	uint32_t extension = any_extension(s);
	struct event ev;

	for (unsigned i = 0; i < WATCH_LEGS && !s->wrong; i++) {
		if (!s->watch.leg[i].id || s->watch.leg[i].extension != extension)
			continue;
		event_of(&ev, EV_ENDED, s->watch.leg[i].id);
		ev.code.code = 408;
		step(s, &ev);
	}
}

static void clock_moves(struct sim *s)
{
	unsigned minute = below(s, 1440);

	s->now.mono_ms += below(s, 30000); /* timers may be late, several at once */
	if (below(s, 4))
		return;
	s->now.wall_ms += (int64_t)below(s, 7200000) - 3600000;
	s->now.minute_of_day = (uint16_t)minute;
	s->now.weekday = (uint8_t)below(s, 7);
}

static void happens(struct sim *s, unsigned crowd)
{
	unsigned what = below(s, 100);

	if (s->positions && below(s, 3) == 0) {
		if (below(s, 16))
			operator_acts(s);
		else
			console_acts(s);
		return;
	}
	if (what < 10 && s->watch.calls < crowd)
		arrives(s);
	else if (what < 72)
		leg_lives(s);
	else if (what < 82)
		made(s);
	else if (what < 93)
		timer(s);
	else if (what < 95)
		day_changes(s);
	else if (what < 98)
		nonsense(s);
	else if (what < 99)
		phone_restarts(s);
	else
		clock_moves(s);
}

static bool is_live(const struct sim *s)
{
	return s->watch.calls || exchange_next_due_ms(s->x) != INT64_MAX;
}

static bool is_empty(const struct exchange *x)
{
	return !exchange_calls(x) && !exchange_legs(x) && !exchange_edition_calls(x, 0) &&
	       exchange_next_due_ms(x) == INT64_MAX;
}

/* No more callers; everybody hangs up at last, or the switchboard closes: nothing may be left. */
static void drain(struct sim *s, bool closing)
{
	struct event ev;

	desk_closes(s, below(s, 2));
	event_of(&ev, EV_CLOSING, 0);
	if (closing && !s->wrong)
		step(s, &ev);
	for (unsigned i = 0; i < DRAIN && !s->wrong && is_live(s); i++) {
		const struct watch_leg *l = any_leg(s);

		/* who talks is reminded for ever: so now and then somebody hangs up */
		if (exchange_next_due_ms(s->x) != INT64_MAX && (i % 64 != 63 || !l)) {
			timer(s);
		} else if (l) {
			event_of(&ev, EV_ENDED, l->id);
			step(s, &ev);
		} else {
			s->wrong = "a call lives, and nothing can happen";
		}
	}
	headsets_end(s);
	if (!s->wrong)
		s->wrong = exchange_check(s->x);
	if (!s->wrong && !is_empty(s->x))
		s->wrong = "something is left after the last call";
}

static int episode(struct sim *s, uint64_t seed, uint64_t trace_from)
{
	const struct exchange_caps caps = {12, 30, WORLD_EXTENSIONS, 3, 1};
	unsigned crowd, changes;
	bool closing;

	s->random = seed;
	s->lost = below(s, 4) ? 0 : below(s, 16);
	changes = below(s, 2) ? below(s, WORLD_CHANGES) : 0;
	crowd = 2 + below(s, caps.calls);
	closing = below(s, 8) == 0;
	s->calls = s->events = 0;
	s->trace_from = trace_from;
	s->wrong = NULL;
	if (!world_make(&s->world, changes, caps) || !world_start(&s->world, s->x))
		return EINVAL;
	s->now = s->world.now;
	watch_init(&s->watch, &s->world);
	desk_opens(s);
	while (s->calls < EPISODE_CALLS && s->events < EPISODE_EVENTS && !s->wrong)
		happens(s, crowd);
	if (!s->wrong)
		drain(s, closing);
	return 0;
}

static int failed(struct sim *s, const struct sim_options *o, uint64_t seed)
{
	struct sim_result *keep = s->result, scratch;
	uint64_t from = s->events > TRACED ? s->events - TRACED : 0;
	int err;

	keep->wrong = s->wrong;
	keep->wrong_seed = seed;
	if (o->quiet)
		return 0;
	printf("\n  episode %llu: %s, at event %llu; the last events:\n", (unsigned long long)seed,
	       s->wrong, (unsigned long long)s->events);
	s->result = &scratch;
	memset(&scratch, 0, sizeof(scratch));
	err = episode(s, seed, from);
	trace_state(s->x);
	s->result = keep;
	return err;
}

static int episodes(struct sim *s, const struct sim_options *o)
{
	int err = 0;

	for (uint64_t n = 0; s->result->calls < o->calls && !s->result->wrong && !err; n++) {
		uint64_t seed = o->one ? o->seed : hash_mix(o->seed * 1000003 + n);

		err = episode(s, seed, UINT64_MAX);
		s->result->calls += s->calls;
		s->result->events += s->events;
		s->result->ignored += exchange_ignored(s->x);
		s->result->episodes++;
		if (!err && s->wrong)
			err = failed(s, o, seed);
		if (o->one)
			break;
	}
	return err;
}

int sim_run(const struct sim_options *o, struct sim_result *out)
{
	const struct exchange_caps caps = {12, 30, WORLD_EXTENSIONS, 3, 1};
	struct sim *s = calloc(1, sizeof(*s));
	struct sim_result result;
	int err = ENOMEM;

	if (!s)
		return ENOMEM;
	memset(&result, 0, sizeof(result));
	s->result = &result;
	s->o = o;
	s->check = o->check ? o->check : 1;
	s->bytes = exchange_bytes(&caps);
	s->x = malloc(s->bytes);
	s->before = malloc(s->bytes);
	if (s->x && s->before)
		err = episodes(s, o);
	if (!err)
		*out = result;
	free(s->before);
	free(s->x);
	free(s);
	return err;
}
