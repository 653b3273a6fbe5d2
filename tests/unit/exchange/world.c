#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define P(i, n, r, dep, ext, pst, sec, dpt, disc)                                                  \
	{.id = (i), .name = (n), .reading = (r), .department = (dep), .extension = (ext),          \
	 .post = (pst), .secretary = (sec), .deputy = (dpt), .disclosure = (disc)}
#define E(i, n, p, dep, cls, grp)                                                                  \
	{.id = (i), .number = (n), .person = (p), .department = (dep), .service_class = (cls),     \
	 .pickup_group = (grp)}

static const struct directory_person people[] = {
	P(1, "Gu", "gu4 chang2 he2", 0, CHAIRMAN, POST_CHAIRMAN, 8, 0, DISCLOSE_INSIDE),
	P(4, "Zhu", "zhu1 shan4 fu4", 0, GM, POST_GENERAL_MANAGER, 0, 0, DISCLOSE_ALL),
	P(5, "Zhou", "zhou1 min3 zhi1", 1, GAD_MANAGER, POST_GAD_MANAGER, 0, 0, DISCLOSE_ALL),
	P(8, "He", "he2 jing4", 1, SECRETARY, POST_SECRETARY, 0, 0, DISCLOSE_INSIDE),
	P(11, "Shan", "shan4 li4 wen2", 1, CLERK, POST_EMPLOYEE, 0, 0, DISCLOSE_ALL),
	P(20, "Zhang", "zhang1 san1 feng1", 3, ZHANG, POST_EMPLOYEE, 0, 21, DISCLOSE_ALL),
	P(21, "Li", "li3 si4", 3, LI, POST_EMPLOYEE, 0, 0, DISCLOSE_ALL),
	P(22, "Wang", "wang2 wu3", 3, WANG, POST_EMPLOYEE, 0, 0, DISCLOSE_NONE),
	P(23, "Zhang", "zhang1 san1", 4, 0, POST_EMPLOYEE, 0, 0, DISCLOSE_ALL),
};
static const struct directory_extension extensions[] = {
	E(CHAIRMAN, "8800", 1, 0, CLASS_INTERNATIONAL, 0),
	E(GM, "8801", 4, 0, CLASS_INTERNATIONAL, 1),
	E(GM_SECOND, "8811", 4, 0, CLASS_INTERNATIONAL, 0),
	E(GAD_MANAGER, "8601", 5, 0, CLASS_NATIONAL, 0),
	E(SECRETARY, "8805", 8, 0, CLASS_NATIONAL, 0),
	E(CLERK, "8604", 11, 0, CLASS_NATIONAL, 1),
	E(ZHANG, "8312", 20, 0, CLASS_NATIONAL, 3),
	E(LI, "8313", 21, 0, CLASS_NATIONAL, 3),
	E(WANG, "8314", 22, 0, CLASS_CITY, 4),
	E(GAD_DESK, "8609", 0, 1, CLASS_NATIONAL, 1),
	E(CS_ONE, "8951", 0, 2, CLASS_CITY, 5),
	E(CS_TWO, "8952", 0, 2, CLASS_CITY, 5),
};
static const struct directory_department departments[] = {
	{.id = DEPT_GAD, .name = "GAD", .number = "8600", .strategy = GROUP_IN_TURN,
	 .members = {GAD_DESK, CLERK}, .member_count = 2, .announce = 1},
	{.id = DEPT_CUSTOMER, .name = "CS", .number = "8950", .strategy = GROUP_IN_TURN,
	 .members = {CS_ONE, CS_TWO}, .member_count = 2, .announce = 2, .hours = 1},
	{.id = DEPT_WORKS, .name = "Works", .number = "8310", .strategy = GROUP_ALL,
	 .members = {ZHANG, LI, GM}, .member_count = 3, .announce = 3},
	{.id = DEPT_SALES, .name = "Sales", .number = "8700", .strategy = GROUP_ALL,
	 .members = {WANG}, .member_count = 1, .hours = 1},
};

static void measures_fill(struct measures *m)
{
	static const struct measures_prefix prefixes[] = {
		{"", CLASS_CITY}, {"0", CLASS_NATIONAL}, {"00", CLASS_INTERNATIONAL}};
	static const char *const emergency[] = {"110", "119", "120", "122"};

	memset(m, 0, sizeof(*m));
	m->org = m->version = 1;
	TEXT_COPY(m->main_number, "8000");
	TEXT_COPY(m->outside_prefix, "9");
	TEXT_COPY(m->operator_number, "0");
	m->extension_digits_min = m->extension_digits_max = 4;
	memcpy(m->prefixes, prefixes, sizeof(prefixes));
	m->prefix_count = 3;
	for (unsigned i = 0; i < 4; i++)
		TEXT_COPY(m->emergency[i], emergency[i]);
	m->emergency_count = 4;
	TEXT_COPY(m->code_pickup_group, "*8");
	TEXT_COPY(m->code_pickup_direct, "*7");
	TEXT_COPY(m->code_park, "*6");
	TEXT_COPY(m->code_dnd_on, "*78");
	TEXT_COPY(m->code_dnd_off, "*79");
	TEXT_COPY(m->code_forward_always, "*72");
	TEXT_COPY(m->code_forward_off, "*73");
	TEXT_COPY(m->park_first, "7701");
	m->park_slots = 2;
	for (unsigned day = 1; day <= 5; day++) {
		m->hours[0].day[day][0] = (struct measures_span){510, 1050}; /* 8:30 - 17:30 */
		m->hours[1].day[day][0] = (struct measures_span){540, 720};  /* 9:00 - 12:00 */
	}
	m->rings = 3;
	m->target_ring_ms = 20000;
	m->first_digit_ms = 8000;
	m->next_digit_ms = 4000;
	m->attempts = 3;
	m->choice_ms = 8000;
	m->wait_word_ms = 20000;
	m->operator_wait_ms = 60000;
	m->returned_ms = 30000;
	m->desk_grace_ms = 20000;
	m->hold_remind_ms = 90000;
	m->ring_on_ms = 1000;
	m->ring_off_ms = 4000;
	m->rings_all_from = 2;
	m->customer_wait_ms = 60000;
	m->free_wait_ms = 120000;
	m->consult_wait_ms = 90000;
	m->directory_hits = 3;
	m->screen_inside = true;
	m->screen_max_ms = 15000;
	m->consent_posts = POST_BIT(POST_SECRETARY) | POST_BIT(POST_GAD_MANAGER);
	m->message_max_ms = 120000;
	m->message_min_ms = 1000;
	m->message_silence_ms = 5000;
	m->park_return_ms = 60000;
	m->gad_department = DEPT_GAD;
	m->customer_service_department = DEPT_CUSTOMER;
}

void world_clock(struct world *w, unsigned weekday, unsigned hour, unsigned minute)
{
	w->now.weekday = (uint8_t)weekday;
	w->now.minute_of_day = (uint16_t)(hour * 60 + minute);
}

void world_start_caps(struct world *w, struct exchange_caps caps)
{
	char clash[64];
	void *mem;

	memset(w, 0, sizeof(*w));
	measures_fill(&w->m);
	w->d.extensions = extensions;
	w->d.people = people;
	w->d.departments = departments;
	w->d.extension_count = sizeof(extensions) / sizeof(extensions[0]);
	w->d.person_count = sizeof(people) / sizeof(people[0]);
	w->d.department_count = sizeof(departments) / sizeof(departments[0]);
	w->index = malloc(directory_index_bytes(&w->d));
	assert_int_equal(directory_index(&w->d, w->index, clash, sizeof(clash)), 0);
	w->rules.edition[0] = (struct exchange_edition){&w->m, &w->d};
	w->rules.trunk[0] = (struct exchange_trunk){1, 0xF, 2, 4000};
	w->rules.trunk[1] = (struct exchange_trunk){2, 0x3, 0, 4000}; /* city at the most */
	w->rules.trunk_count = 2;
	w->caps = caps;
	w->bytes = exchange_bytes(&caps);
	mem = malloc(w->bytes);
	w->before = malloc(w->bytes);
	assert_int_equal(exchange_init(mem, &caps, 1), 0);
	w->x = mem;
	w->now.mono_ms = 1000000;
	w->now.wall_ms = INT64_C(1795500000000);
	w->now.year = 2026;
	w->now.month = 11;
	w->now.day = 24;
	world_clock(w, 2, 10, 0);
	for (unsigned i = 0; i < w->d.extension_count; i++)
		world_reachable(w, extensions[i].id, true);
	world_clear(w);
}

void world_start(struct world *w)
{
	world_start_caps(w, (struct exchange_caps){20, 60, 40, 8, 0});
}

void world_stop(struct world *w)
{
	for (unsigned i = 0; i < w->leg_count; i++)
		if (w->alive[i])
			world_code(w, EV_ENDED, w->legs[i], 0);
	for (unsigned i = 0; i < 100 && exchange_next_due_ms(w->x) != INT64_MAX; i++)
		world_wait(w, 60000);
	assert_int_equal(exchange_calls(w->x), 0);
	assert_int_equal(exchange_legs(w->x), 0);
	for (unsigned i = 1; i <= w->calls && i < WORLD_CALLS; i++)
		if (w->arrived[i] != 1 || w->ended[i] != 1)
			fail_msg("call %u: arrived %u times, ended %u times", i, w->arrived[i],
				 w->ended[i]);
	free(w->x);
	free(w->before);
	free(w->index);
}

void world_clear(struct world *w)
{
	w->text[0] = '\0';
}

leg_id world_leg(const struct world *w, char letter)
{
	unsigned i = (unsigned)(letter - 'a');

	if (i >= w->leg_count)
		fail_msg("there is no leg %c:\n%s", letter, w->text);
	return w->legs[i];
}

static int leg_of(struct world *w, leg_id id)
{
	for (unsigned i = 0; i < w->leg_count; i++)
		if (w->legs[i] == id)
			return (int)i;
	return -1;
}

static int leg_appears(struct world *w, leg_id id, uint32_t extension, uint16_t trunk)
{
	unsigned i = w->leg_count++;

	assert_true(i < WORLD_LEGS);
	assert_int_equal(leg_of(w, id), i ? -1 : -1);
	w->legs[i] = id;
	w->alive[i] = true;
	w->leg_extension[i] = extension;
	w->leg_trunk[i] = trunk;
	return (int)i;
}

/* Says what went wrong with the end of what happened: the start is rarely of use. */
static void wrong(struct world *w, const char *what)
{
	size_t n = strlen(w->text);

	fprintf(stderr, "%s:\n%s\n", what, w->text + (n > 6000 ? n - 6000 : 0));
	_fail(__FILE__, __LINE__);
}

#define OUT(...) text_append(w->text, sizeof(w->text), __VA_ARGS__)

static void play_text(struct world *w, const struct effect *e, char letter)
{
	OUT("PLAY %c", letter);
	for (unsigned i = 0; i < e->play.count; i++) {
		const struct phrase *p = &e->play.phrase[i];

		OUT(" %s", exchange_phrase_name(p->kind));
		if (p->arg && p->kind != PHRASE_RECORDING)
			OUT(":%u", p->arg);
		if (p->digits[0])
			OUT("#%s", p->digits);
	}
}

static void step_seen(struct world *w, const struct effect *e)
{
	unsigned n = (unsigned)e->step.call_no;

	if (!n) { /* of a position */
		OUT("STEP %s %s %d %s", exchange_step_name(e->step.step),
		    exchange_clause_name(e->step.clause), e->step.value, e->step.text);
		return;
	}
	assert_true(n < WORLD_CALLS);
	if (e->step.step == STEP_ARRIVED)
		w->arrived[n]++;
	else if (!w->arrived[n] || w->ended[n])
		wrong(w, "a step outside of its call's life");
	if (e->step.step == STEP_ENDED)
		w->ended[n]++;
	if (e->step.step == STEP_CONSENT)
		w->consent[n] = e->step.person;
	else if (e->step.step == STEP_TRANSFERRED || e->step.step == STEP_PARKED)
		w->consent[n] = 0;
	OUT("STEP %s %s %d %s", exchange_step_name(e->step.step),
	    exchange_clause_name(e->step.clause), e->step.value, e->step.text);
}

static uint64_t call_of(struct world *w, leg_id leg)
{
	struct exchange_leg_view v;

	for (uint32_t i = 0; i < exchange_leg_slots(w->x); i++)
		if (exchange_leg_view(w->x, i, &v) && v.leg == leg)
			return v.call_no;
	return 0;
}

static uint32_t principal_of(uint32_t extension)
{
	return extension == GM || extension == GM_SECOND ? 4 : extension == CHAIRMAN ? 1 : 0;
}

/* Nobody from outside is joined to the general manager or the chairman without a consent fact of
 * this call. */
static void join_seen(struct world *w, int a, int b)
{
	uint32_t person = principal_of(w->leg_extension[a]);
	bool outside = w->leg_trunk[b];
	uint64_t call;

	if (!person) {
		person = principal_of(w->leg_extension[b]);
		outside = w->leg_trunk[a];
	}
	call = call_of(w, w->legs[a]);
	if (person && outside && call && w->consent[call] != person)
		wrong(w, "joined without consent");
}

static void desk_text(struct world *w, const struct effect *e, int i)
{
	int other;

	if (e->kind == FX_COMMAND) {
		w->refusal = e->command.refusal;
		w->other = e->command.other;
		OUT("COMMAND %s %s", exchange_refusal_name(e->command.refusal),
		    exchange_clause_name(e->command.clause));
	} else if (e->kind == FX_POSITION) {
		OUT("POSITION %u", e->position.position);
	} else if (e->kind == FX_CALL) {
		OUT("CALL");
	} else if (e->kind == FX_LISTEN) {
		OUT("LISTEN %c", 'a' + i);
	} else if (e->kind == FX_TAPE_STOP) {
		OUT("TAPE_STOP %c", 'a' + i);
	} else if (e->kind == FX_TAPE) {
		OUT("TAPE %c %s", 'a' + i, exchange_tape_name(e->tape.kind));
	} else {
		other = leg_of(w, e->confer.other);
		OUT("CONFER %c %c %c", 'a' + i, 'a' + other, 'a' + leg_of(w, e->confer.third));
		join_seen(w, i, other);
		if (strcmp(world_call(w, call_of(w, w->legs[i])).state, "three") != 0)
			wrong(w, "a third hears a call that is no conference");
	}
}

static void day_text(struct world *w, const struct effect *e)
{
	OUT("DAY %d %d %u %s", e->day.set, e->day.on, e->day.extension, e->day.number);
}

static void box_text(struct world *w, const struct effect *e)
{
	if (e->kind == FX_BOX_CALLED) {
		OUT("BOX_CALLED %u%s", e->box_called.outcome,
		    e->box_called.opened ? " opened" : "");
		return;
	}
	if (e->box.serial)
		w->box = e->box.serial;
	OUT("BOX %d person %u message %d%s%s", e->box.ask, e->box.person, (int)e->box.message,
	    e->box.pin[0] ? " pin " : "", e->box.pin);
}

static void effect_text(struct world *w, const struct effect *e, int i)
{
	char letter = i < 0 ? '-' : (char)('a' + i);
	int other;

	switch (e->kind) {
	case FX_BIND: OUT("BIND %c", letter); break;
	case FX_REJECT: OUT("REJECT %u %s", e->bind.code, exchange_end_name(e->bind.why)); break;
	case FX_RING: OUT("RING %c", letter); break;
	case FX_PROGRESS: OUT("PROGRESS %c", letter); break;
	case FX_ANSWER: OUT("ANSWER %c", letter); break;
	case FX_END:
		OUT("END %c %u %s", letter, e->end.code, exchange_end_name(e->end.why));
		w->alive[i] = false;
		break;
	case FX_DIAL:
		if (e->dial.trunk)
			OUT("DIAL %c trunk %u %s from %s%s%s", letter, e->dial.trunk,
			    e->dial.number, e->dial.from_number,
			    e->dial.withheld ? " withheld" : "",
			    e->dial.emergency ? " emergency" : "");
		else
			OUT("DIAL %c extension %u from %s", letter, e->dial.extension,
			    e->dial.from_number);
		break;
	case FX_JOIN:
		other = leg_of(w, e->join.other);
		assert_true(other >= 0 && w->alive[other]);
		OUT("JOIN %c %c", letter, 'a' + other);
		join_seen(w, i, other);
		break;
	case FX_PART: OUT("PART %c", letter); break;
	case FX_PLAY:
		w->played[i] = e->play.serial;
		play_text(w, e, letter);
		break;
	case FX_TONE: OUT("TONE %c %d", letter, e->tone.tone); break;
	case FX_MUSIC: OUT("MUSIC %c", letter); break;
	case FX_QUIET: OUT("QUIET %c", letter); break;
	case FX_RECORD:
		w->record = w->recording[i] = e->record.serial;
		OUT("RECORD %c", letter);
		break;
	case FX_RECORD_STOP: OUT("RECORD_STOP %c", letter); break;
	case FX_KEEP:
		w->keep = e->keep.serial;
		OUT("KEEP person %u department %u copy %u %s%s from %s", e->keep.for_person,
		    e->keep.for_department, e->keep.copy_department,
		    e->keep.urgency == MESSAGE_URGENT ? "urgent" : "ordinary",
		    e->keep.screening ? " screened" : "", e->keep.from_number);
		break;
	case FX_FORGET: OUT("FORGET"); break;
	case FX_REFER_ANSWER: OUT("REFER %c %u", letter, e->code.code); break;
	case FX_REFER_NOTIFY: OUT("NOTIFY %c %u", letter, e->code.code); break;
	case FX_SHOW: OUT("SHOW %c %s", letter, e->show.number); break;
	case FX_DIALOG: OUT("LAMP %u %u", e->dialog.extension, e->dialog.state); break;
	case FX_STEP: step_seen(w, e); break;
	case FX_DAY: day_text(w, e); break;
	case FX_COMMAND:
	case FX_POSITION:
	case FX_CALL:
	case FX_CONFER:
	case FX_LISTEN:
	case FX_TAPE:
	case FX_TAPE_STOP: desk_text(w, e, i); break;
	case FX_BOX: case FX_BOX_CALLED: box_text(w, e); break;
	case FX_COUNT: fail();
	}
	OUT("\n");
}

static void effect_seen(struct world *w, const struct effect *e, const struct event *ev)
{
	int i = -1;

	if (e->kind == FX_BIND)
		i = ev->kind == EV_DESK
			? leg_appears(w, e->leg, 0, 0)
			: leg_appears(w, e->leg, ev->invite.extension, ev->invite.trunk);
	else if (e->kind == FX_DIAL)
		i = leg_appears(w, e->leg, e->dial.extension, e->dial.trunk);
	else if (e->leg)
		i = leg_of(w, e->leg);
	if (e->leg && (i < 0 || !w->alive[i]))
		wrong(w, "an effect for a leg that isn't there");
	effect_text(w, e, i);
}

static void step(struct world *w, const struct event *ev)
{
	const char *bad;
	int i = leg_of(w, ev->leg);

	if ((ev->kind == EV_ENDED || ev->kind == EV_FAILED) && i >= 0)
		w->alive[i] = false;
	exchange_step(w->x, &w->rules, ev, &w->now, &w->fx);
	for (unsigned k = 0; k < w->fx.count; k++)
		effect_seen(w, &w->fx.v[k], ev);
	bad = exchange_check(w->x);
	if (bad)
		wrong(w, bad);
}

static void event_of(struct event *ev, enum event_kind k, leg_id leg)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = k;
	ev->leg = leg;
}

static leg_id invite(struct world *w, struct event *ev)
{
	unsigned before = w->leg_count;

	ev->invite.call_no = ++w->calls;
	ev->invite.channel = (uint32_t)w->calls;
	step(w, ev);
	return w->leg_count > before ? w->legs[before] : 0;
}

leg_id world_trunk_calls(struct world *w, const char *dialled, const char *number)
{
	struct event ev;

	event_of(&ev, EV_INVITE, 0);
	ev.invite.trunk = 1;
	TEXT_COPY(ev.invite.dialled, dialled);
	TEXT_COPY(ev.invite.number, number);
	return invite(w, &ev);
}

leg_id world_phone_calls(struct world *w, uint32_t extension, const char *dialled)
{
	struct event ev;

	event_of(&ev, EV_INVITE, 0);
	ev.invite.extension = extension;
	TEXT_COPY(ev.invite.dialled, dialled);
	return invite(w, &ev);
}

leg_id world_replaces(struct world *w, uint32_t extension, leg_id leg, bool early_only)
{
	struct event ev;

	event_of(&ev, EV_INVITE, 0);
	ev.invite.extension = extension;
	ev.invite.replaces = leg;
	ev.invite.replaces_early_only = early_only;
	return invite(w, &ev);
}

void world_send(struct world *w, enum event_kind k, leg_id leg)
{
	world_code(w, k, leg, 0);
}

void world_code(struct world *w, enum event_kind k, leg_id leg, uint16_t code)
{
	struct event ev;

	event_of(&ev, k, leg);
	ev.code.code = code;
	step(w, &ev);
}

void world_dial(struct world *w, leg_id leg, const char *digits)
{
	struct event ev;

	for (; *digits; digits++) {
		event_of(&ev, EV_DIGIT, leg);
		ev.digit.digit = *digits;
		step(w, &ev);
	}
}

void world_played(struct world *w, leg_id leg)
{
	struct event ev;
	int i = leg_of(w, leg);

	assert_true(i >= 0);
	event_of(&ev, EV_PLAYED, leg);
	ev.done.serial = w->played[i];
	step(w, &ev);
}

void world_recorded(struct world *w, uint32_t ms)
{
	struct event ev;

	event_of(&ev, EV_RECORDED, 0);
	ev.done.serial = w->record;
	ev.done.ms = ms;
	ev.done.why = RECORDED_STOPPED;
	step(w, &ev);
}

void world_kept(struct world *w, bool ok)
{
	struct event ev;

	event_of(&ev, ok ? EV_KEPT : EV_NOT_KEPT, 0);
	ev.done.serial = w->keep;
	step(w, &ev);
}

void world_desk(struct world *w, uint16_t position, enum desk_act act)
{
	struct event ev;

	event_of(&ev, EV_DESK, 0);
	ev.desk.position = position;
	ev.desk.act = act;
	ev.desk.person = WORLD_OPERATOR;
	ev.desk.channel = position;
	step(w, &ev);
}

void world_phone(struct world *w, uint16_t position, uint32_t extension, bool nailed)
{
	struct event ev;

	event_of(&ev, EV_DESK, 0);
	ev.desk.position = position;
	ev.desk.act = DESK_PHONE;
	ev.desk.extension = extension;
	ev.desk.nailed = nailed;
	step(w, &ev);
}

leg_id world_duty(struct world *w, uint16_t position)
{
	unsigned before = w->leg_count;

	world_desk(w, position, DESK_ON);
	world_desk(w, position, DESK_HEADSET);
	return w->legs[before];
}

enum refusal world_command(struct world *w, uint16_t position, enum desk_command what,
			   struct world_order o)
{
	struct event ev;

	event_of(&ev, EV_COMMAND, 0);
	ev.command.position = position;
	ev.command.what = what;
	ev.command.serial = ++w->commands;
	ev.command.call_no = o.call;
	ev.command.rev = o.rev;
	ev.command.person = o.person;
	ev.command.department = o.department;
	ev.command.extension = o.extension;
	ev.command.to_position = o.to;
	ev.command.value = o.value;
	TEXT_COPY(ev.command.number, o.number ? o.number : "");
	TEXT_COPY(ev.command.text, o.text ? o.text : "");
	w->refusal = REFUSAL_COUNT;
	memcpy(w->before, w->x, w->bytes);
	step(w, &ev);
	if (w->refusal == REFUSAL_COUNT)
		wrong(w, "a command without an answer");
	if (w->refusal != REFUSAL_NONE &&
	    (w->fx.count != 1 || memcmp(w->before, w->x, w->bytes) != 0))
		wrong(w, "a command that was refused has changed something");
	return w->refusal;
}

struct exchange_call_view world_call(struct world *w, uint64_t call_no)
{
	struct exchange_call_view v;

	for (uint32_t i = 0; i < exchange_call_slots(w->x); i++)
		if (exchange_call_view(w->x, i, &v) && v.call_no == call_no)
			return v;
	memset(&v, 0, sizeof(v));
	return v;
}

void world_refer(struct world *w, leg_id leg, const char *number, leg_id replaces)
{
	struct event ev;

	event_of(&ev, EV_REFER, leg);
	TEXT_COPY(ev.refer.number, number);
	ev.refer.replaces = replaces;
	step(w, &ev);
}

void world_set(struct world *w, enum day_set set, bool on, uint32_t extension, uint32_t person,
	       const char *number, int64_t until_wall_ms)
{
	struct event ev;

	event_of(&ev, EV_SET, 0);
	ev.day.set = set;
	ev.day.on = on;
	ev.day.extension = extension;
	ev.day.person = person;
	ev.day.until_wall_ms = until_wall_ms;
	TEXT_COPY(ev.day.number, number);
	step(w, &ev);
}

static void presence(struct world *w, enum event_kind k, uint32_t id, bool on)
{
	struct event ev;

	event_of(&ev, k, 0);
	ev.presence.id = id;
	ev.presence.on = on;
	step(w, &ev);
}

void world_reachable(struct world *w, uint32_t extension, bool on)
{
	presence(w, EV_REACHABLE, extension, on);
}

void world_trunk(struct world *w, uint16_t trunk, bool on)
{
	presence(w, EV_TRUNK, trunk, on);
}

void world_wait(struct world *w, int64_t ms)
{
	int64_t end = w->now.mono_ms + ms, due;
	struct event ev;

	event_of(&ev, EV_TIMER, 0);
	while ((due = exchange_next_due_ms(w->x)) <= end) {
		if (due > w->now.mono_ms) {
			w->now.wall_ms += due - w->now.mono_ms;
			w->now.mono_ms = due;
		}
		step(w, &ev);
	}
	w->now.wall_ms += end - w->now.mono_ms;
	w->now.mono_ms = end;
}

void world_expect_v(struct world *w, const char *file, int line, ...)
{
	const char *at = w->text, *want;
	va_list ap;

	va_start(ap, line);
	while ((want = va_arg(ap, const char *))) {
		const char *found = strstr(at, want);

		if (!found) {
			fprintf(stderr, "%s:%d: expected \"%s\" in\n%s", file, line, want, w->text);
			_fail(file, line);
		}
		at = found + strlen(want);
	}
	va_end(ap);
}

void world_expect_not(struct world *w, const char *text, const char *file, int line)
{
	if (!strstr(w->text, text))
		return;
	fprintf(stderr, "%s:%d: did not expect \"%s\" in\n%s", file, line, text, w->text);
	_fail(file, line);
}
