#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct directory_person people[WORLD_PEOPLE] = {
	{.id = PERSON_STAFF, .name = "Wang", .reading = "wang2 wu3", .department = DEPT_TURN,
	 .extension = EXT_STAFF, .post = POST_EMPLOYEE, .deputy = PERSON_COLLEAGUE},
	{.id = PERSON_COLLEAGUE, .name = "Wan", .reading = "wan4 yi1", .department = DEPT_TURN,
	 .extension = EXT_COLLEAGUE, .post = POST_EMPLOYEE},
	{.id = PERSON_GM, .name = "Zhu", .reading = "zhu1 shan4", .extension = EXT_GM,
	 .post = POST_GENERAL_MANAGER},
	{.id = PERSON_CHAIRMAN, .name = "Gu", .reading = "gu4 he2", .extension = EXT_CHAIRMAN,
	 .post = POST_CHAIRMAN, .secretary = PERSON_SECRETARY},
	{.id = PERSON_SECRETARY, .name = "He", .reading = "he2 jing4", .extension = EXT_SECRETARY,
	 .post = POST_SECRETARY},
	{.id = PERSON_GAD_MANAGER, .name = "Zhou", .reading = "zhou1 min3",
	 .extension = EXT_GAD_MANAGER, .post = POST_GAD_MANAGER},
};

#define E(i, p, dep, grp)                                                                          \
	{.id = (i), .number = #i, .person = (p), .department = (dep),                              \
	 .service_class = CLASS_NATIONAL, .pickup_group = (grp)}
static const struct directory_extension extensions[WORLD_EXTENSIONS] = {
	E(21, PERSON_STAFF, 0, 1),     E(22, PERSON_COLLEAGUE, 0, 1), E(31, PERSON_GM, 0, 1),
	E(32, PERSON_GM, 0, 1),        E(41, PERSON_CHAIRMAN, 0, 0),  E(42, PERSON_SECRETARY, 0, 0),
	E(51, PERSON_GAD_MANAGER, 0, 0), E(52, 0, DEPT_GAD, 1),       E(61, 0, DEPT_SERVICE, 2),
	E(62, 0, DEPT_SERVICE, 2),
};

static const struct directory_department departments[] = {
	{.id = DEPT_TURN, .name = "Turn", .number = "71", .strategy = GROUP_IN_TURN,
	 .members = {EXT_STAFF, EXT_COLLEAGUE}, .member_count = 2, .announce = 1},
	{.id = DEPT_ALL, .name = "All", .number = "72", .strategy = GROUP_ALL,
	 .members = {EXT_STAFF, EXT_COLLEAGUE, EXT_GM}, .member_count = 3, .announce = 2},
	{.id = DEPT_CLOSED, .name = "Closed", .number = "73", .strategy = GROUP_ALL,
	 .members = {EXT_COLLEAGUE}, .member_count = 1, .hours = 1},
	{.id = DEPT_GAD, .name = "GAD", .number = "59", .strategy = GROUP_IN_TURN,
	 .members = {EXT_GAD_DESK}, .member_count = 1},
	{.id = DEPT_SERVICE, .name = "Service", .number = "69", .strategy = GROUP_IN_TURN,
	 .members = {EXT_SERVICE_ONE, EXT_SERVICE_TWO}, .member_count = 2},
	{.id = DEPT_FEW, .name = "Few", .number = "74", .strategy = GROUP_ALL,
	 .members = {EXT_CHAIRMAN, EXT_GM}, .member_count = 2},
};

static void measures_numbers(struct measures *m)
{
	static const struct measures_prefix prefixes[] = {{"", CLASS_CITY}, {"0", CLASS_NATIONAL},
							  {"00", CLASS_INTERNATIONAL}};

	m->org = m->version = 1;
	TEXT_COPY(m->main_number, "80");
	TEXT_COPY(m->outside_prefix, "9");
	TEXT_COPY(m->operator_number, "0");
	m->extension_digits_min = m->extension_digits_max = 2;
	memcpy(m->prefixes, prefixes, sizeof(prefixes));
	m->prefix_count = 3;
	TEXT_COPY(m->emergency[0], "110");
	m->emergency_count = 1;
	TEXT_COPY(m->code_pickup_group, "*8");
	TEXT_COPY(m->code_pickup_direct, "*7");
	TEXT_COPY(m->code_park, "*6");
	TEXT_COPY(m->code_dnd_on, "*1");
	TEXT_COPY(m->code_dnd_off, "*2");
	TEXT_COPY(m->code_forward_always, "*3");
	TEXT_COPY(m->code_forward_off, "*4");
	TEXT_COPY(m->code_mailbox, "*5");
	TEXT_COPY(m->mailbox_outside, "79");
	TEXT_COPY(m->park_first, "75");
	m->park_slots = 1;
	m->gad_department = DEPT_GAD;
	m->customer_service_department = DEPT_SERVICE;
}

static void measures_times(struct measures *m, unsigned changes)
{
	for (unsigned day = 0; day < 7 && !(changes & WORLD_NIGHT); day++)
		m->hours[0].day[day][0] = (struct measures_span){480, 1200};
	for (unsigned day = 0; day < 7; day++) /* always over by 10:00 */
		m->hours[1].day[day][0] = (struct measures_span){60, 120};
	m->rings = 3;
	m->target_ring_ms = 20000;
	m->first_digit_ms = 8000;
	m->next_digit_ms = 4000;
	m->attempts = changes & WORLD_PATIENT ? 3 : 2;
	m->choice_ms = 7000;
	m->wait_word_ms = 20000;
	m->customer_wait_ms = 50000;
	m->free_wait_ms = 50000;
	m->consult_wait_ms = 50000;
	m->directory_hits = 2;
	m->screen_inside = !(changes & WORLD_INSIDE_EXEMPT);
	m->screen_max_ms = 15000;
	m->consent_posts = POST_BIT(POST_SECRETARY) | POST_BIT(POST_GAD_MANAGER);
	m->message_max_ms = 120000;
	m->message_min_ms = 1000;
	m->message_silence_ms = 5000;
	m->park_return_ms = 60000;
	m->trunk_to_trunk = changes & WORLD_TRANSIT;
	m->long_call_ms = changes & WORLD_LONG_CALLS ? 600000 : 0;
	m->long_call_again_ms = 300000;
	m->long_call_later_ms = 900000;
	m->long_call_exempt = POST_BIT(POST_GENERAL_MANAGER);
	if (changes & WORLD_RECORDED) {
		m->recording_complaints = true;
		TEXT_COPY(m->recording_lines[0], "80");
		TEXT_COPY(m->recording_lines[1], "21");
		m->recording_line_count = 2;
	}
	m->wrap_up_ms = changes & WORLD_WRAP_UP ? 5000 : 0;
	m->answer_strategy = changes & WORLD_RING_ALL ? ANSWER_ALL : ANSWER_LONGEST_IDLE;
}

static void directory_change(struct world *w, unsigned changes)
{
	if (changes & WORLD_NO_GM)
		TEXT_COPY(w->people[PERSON_GM - 1].name, "");
	if (changes & WORLD_NO_SECRETARY)
		TEXT_COPY(w->people[PERSON_SECRETARY - 1].name, "");
	if (changes & WORLD_NO_GAD)
		w->departments[DEPT_GAD - 1].member_count = 0;
	if (changes & WORLD_SERVICE_CLOSED)
		w->departments[DEPT_SERVICE - 1].hours = 1;
	if (changes & WORLD_FORWARD_GM)
		TEXT_COPY(w->extensions[0].forward_always, "31");
	if (changes & WORLD_FORWARD_OUT)
		TEXT_COPY(w->extensions[1].forward_no_answer, "95550");
}

bool world_make(struct world *w, unsigned changes, struct exchange_caps caps)
{
	char clash[64];

	memset(w, 0, sizeof(*w));
	w->caps = caps;
	measures_numbers(&w->m);
	measures_times(&w->m, changes);
	memcpy(w->people, people, sizeof(people));
	memcpy(w->extensions, extensions, sizeof(extensions));
	memcpy(w->departments, departments, sizeof(departments));
	directory_change(w, changes);
	w->d.people = w->people;
	w->d.person_count = WORLD_PEOPLE;
	w->d.extensions = w->extensions;
	w->d.extension_count = WORLD_EXTENSIONS;
	w->d.departments = w->departments;
	w->d.department_count = sizeof(departments) / sizeof(departments[0]);
	if (directory_index_bytes(&w->d) > sizeof(w->index) ||
	    directory_index(&w->d, w->index, clash, sizeof(clash)))
		return false;
	w->rules.edition[0] = (struct exchange_edition){&w->m, &w->d};
	w->rules.trunk[0] = (struct exchange_trunk){1, 0xF, 2, 4000};
	w->rules.trunk[1] = (struct exchange_trunk){2, 0x3, 2, 4000}; /* city at the most */
	w->rules.trunk_count = 2;
	w->now = (struct now){.mono_ms = 1000000, .wall_ms = INT64_C(1795500000000), .year = 2026,
			      .month = 11, .day = 24, .weekday = 2, .minute_of_day = 600};
	return true;
}

bool world_start(const struct world *w, void *mem)
{
	struct effects fx;
	struct event ev;

	if (exchange_init(mem, &w->caps, 1))
		return false;
	for (unsigned i = 0; i < WORLD_EXTENSIONS; i++) {
		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_REACHABLE;
		ev.presence.id = w->extensions[i].id;
		ev.presence.on = true;
		exchange_step(mem, &w->rules, &ev, &w->now, &fx);
	}
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_SET;
	ev.day.set = DAY_INSTRUCTION;
	ev.day.on = true;
	ev.day.person = PERSON_GM;
	TEXT_COPY(ev.day.number, WORLD_INSTRUCTED);
	exchange_step(mem, &w->rules, &ev, &w->now, &fx);
	memset(ev.day.number, 0, sizeof(ev.day.number));
	ev.day.id = WORLD_BY_NAME;
	ev.day.by_name = true;
	exchange_step(mem, &w->rules, &ev, &w->now, &fx);
	return true;
}
