/* The settings of an organisation's measures, and what has to be true among them. */
#include <string.h>

#include "app/config/config.h"
#include "app/config/errors.h"
#include "app/config/schema.h"
#include "base/text.h"

#define M(member)    SCHEMA_AT(struct measures, member)
#define ALL	     .offset = 0
#define CARD(member) SCHEMA_AT(struct config_card, member)
#define CARDS(member, count)                                                                       \
	.offset = offsetof(struct config_measures, cards.member),                                  \
	.size = sizeof(struct config_card),                                                        \
	.count_offset = offsetof(struct config_measures, cards.count)
#define MS_HOUR	  3600000
#define MS_DAY	  86400000

const char *const schema_posts[] = {"employee",	   "chairman",	"vice_chairman", "general_manager",
				    "gad_manager", "secretary", "operator",	 NULL};

static const struct schema_field company_fields[] = {
    {"name", SCHEMA_TEXT, M(company), 1, .flags = SCHEMA_REQUIRED,
     .help = "Said in the greeting (A4.1.1, A4.2)."},
    {"reading", SCHEMA_READING, M(company_reading),
     .help = "How it is read: pinyin with tones, mou3 cheng2."},
    {0},
};

static const struct schema_field number_fields[] = {
    {"main", SCHEMA_DIGITS, M(main_number), 1, .flags = SCHEMA_REQUIRED,
     .help = "The switchboard's number from inside."},
    {"operator", SCHEMA_DIGITS, M(operator_number), 1, 1, .fallback = "0",
     .help = "Key for enquiries and the operator (A4.2)."},
    {"outside_prefix", SCHEMA_DIGITS, M(outside_prefix), 0, 3, .fallback = "9",
     .help = "Dialled before a number outside."},
    {"extension_digits_min", SCHEMA_INTEGER, M(extension_digits_min), 2, 8, .fallback = "4",
     .help = "Shortest extension number."},
    {"extension_digits_max", SCHEMA_INTEGER, M(extension_digits_max), 2, 8, .fallback = "4",
     .help = "Longest extension number."},
    {"mailbox", SCHEMA_DIGITS, M(mailbox_outside),
     .help = "Dialled at the attendant: one's mailbox from outside, with a PIN. Empty: never."},
    {0},
};

static const struct schema_field code_fields[] = {
    {"pickup_group", SCHEMA_DIAL, M(code_pickup_group), .help = "Picks up in one's group."},
    {"pickup_direct", SCHEMA_DIAL, M(code_pickup_direct),
     .help = "Followed by an extension: picks up there."},
    {"park", SCHEMA_DIAL, M(code_park), .help = "Parks the call in hand."},
    {"dnd_on", SCHEMA_DIAL, M(code_dnd_on), .help = "Do not disturb."},
    {"dnd_off", SCHEMA_DIAL, M(code_dnd_off), .help = "Ends it."},
    {"forward_always", SCHEMA_DIAL, M(code_forward_always),
     .help = "Followed by a number: forwards every call."},
    {"forward_off", SCHEMA_DIAL, M(code_forward_off), .help = "Ends it."},
    {"mailbox", SCHEMA_DIAL, M(code_mailbox), .help = "One's own mailbox, with a PIN (A3.8)."},
    {0},
};

static const struct schema_field park_fields[] = {
    {"first", SCHEMA_DIGITS, M(park_first), .help = "First slot; dialling it takes the call back."},
    {"slots", SCHEMA_INTEGER, M(park_slots), 0, 100, .fallback = "0", .help = "How many slots."},
    {"return_after", SCHEMA_MS, M(park_return_ms), 100, MS_HOUR, .fallback = "90s",
     .help = "Then it comes back to who parked it."},
    {0},
};

static const struct schema_field ringing_fields[] = {
    {"rings", SCHEMA_INTEGER, M(rings), 1, 20, .fallback = "3",
     .help = "A person answers within so many (A4.1.1)."},
    {"ring_on", SCHEMA_MS, M(ring_on_ms), 10, 10000, .fallback = "1s", .help = "A ring's sound."},
    {"ring_off", SCHEMA_MS, M(ring_off_ms), 10, 10000, .fallback = "4s", .help = "Its pause."},
    {"target", SCHEMA_MS, M(target_ring_ms), 100, 120000, .fallback = "20s",
     .help = "A target that rings longer doesn't answer (house)."},
    {0},
};

static const char *const strategies[] = {"longest_idle", "all", "in_order", NULL};

static const struct schema_field desk_fields[] = {
    {"answer_strategy", SCHEMA_WORD, M(answer_strategy), .words = strategies,
     .fallback = "longest_idle",
     .help = "Whose position rings first: who has been free longest, all, or the first by number."},
    {"rings_all_from", SCHEMA_INTEGER, M(rings_all_from), 1, 20, .fallback = "2",
     .help = "From this ring on every free position rings (A4.1.1)."},
    {"hold_remind", SCHEMA_MS, M(hold_remind_ms), 100, MS_HOUR, .fallback = "90s",
     .help = "A held caller is to be spoken to after so long (house)."},
    {"returned", SCHEMA_MS, M(returned_ms), 100, MS_HOUR, .fallback = "30s",
     .help = "A returned call waits so long for its operator, then any may take it (house)."},
    {"grace", SCHEMA_MS, M(desk_grace_ms), 100, MS_HOUR, .fallback = "20s",
     .help = "A vanished position's callers hear music so long before others take them (house)."},
    {"wrap_up", SCHEMA_MS, M(wrap_up_ms), 0, MS_HOUR, .fallback = "0s",
     .help = "After a call no new one rings for so long; 0s none (house)."},
    {0},
};

static const struct schema_field card_fields[] = {
    {"title", SCHEMA_TEXT, CARD(title), 1, .flags = SCHEMA_REQUIRED, .help = "Its heading."},
    {"text", SCHEMA_TEXT, CARD(text), 1, .flags = SCHEMA_REQUIRED, .help = "What is said."},
    {0},
};

static const struct schema_field emergency_fields[] = {
    {"title", SCHEMA_TEXT, CARD(title), 1, .flags = SCHEMA_REQUIRED, .help = "What happened."},
    {"text", SCHEMA_TEXT, CARD(text), 1, .flags = SCHEMA_REQUIRED, .help = "What to do."},
    {"number", SCHEMA_DIAL, CARD(number), .help = "Whom to call, as dialled inside."},
    {0},
};

static const struct schema_field cards_fields[] = {
    {"facts", SCHEMA_TABLE, CARDS(facts, fact_count), .max = CONFIG_CARDS, .fields = card_fields,
     .help = "What may be told to anybody who asks (A4.1.5)."},
    {"emergency", SCHEMA_TABLE, CARDS(emergency, emergency_count), .max = CONFIG_CARDS,
     .fields = emergency_fields, .help = "Whom to call in a fire, a power cut."},
    {"approved", SCHEMA_TABLE, CARDS(approved, approved_count), .max = CONFIG_CARDS,
     .fields = card_fields, .help = "Short approved explanations for complaints (A4.1.6)."},
    {0},
};

static const struct schema_field attendant_fields[] = {
    {"first_digit", SCHEMA_MS, M(first_digit_ms), 100, 60000, .fallback = "6s",
     .help = "After the announcement until “nothing dialled”."},
    {"next_digit", SCHEMA_MS, M(next_digit_ms), 100, 30000, .fallback = "4s",
     .help = "Between two keys."},
    {"attempts", SCHEMA_INTEGER, M(attempts), 1, 10, .fallback = "3",
     .help = "Wrong or empty tries before GAD or a message."},
    {"choice", SCHEMA_MS, M(choice_ms), 100, 60000, .fallback = "8s",
     .help = "For a key after a question."},
    {"directory_hits", SCHEMA_INTEGER, M(directory_hits), 1, 9, .fallback = "4",
     .help = "People read out at once by an enquiry."},
    {"wait_word", SCHEMA_MS, M(wait_word_ms), 100, 300000, .fallback = "20s",
     .help = "While somebody waits, how often a word is said (house)."},
    {"operator_wait", SCHEMA_MS, M(operator_wait_ms), 100, MS_HOUR, .fallback = "2min",
     .help = "Longest wait for the operator (house)."},
    {"free_wait", SCHEMA_MS, M(free_wait_ms), 100, MS_HOUR, .fallback = "3min",
     .help = "Longest wait until an extension is free (house)."},
    {"consult_wait", SCHEMA_MS, M(consult_wait_ms), 100, MS_HOUR, .fallback = "3min",
     .help = "Longest wait for a busy general manager (house)."},
    {"customer_wait", SCHEMA_MS, M(customer_wait_ms), 100, MS_HOUR, .fallback = "60s",
     .help = "Longest wait for customer service (house)."},
    {0},
};

static const struct schema_field screening_fields[] = {
    {"inside", SCHEMA_BOOL, M(screen_inside), .fallback = "true",
     .help = "Inside callers who ask the switchboard are screened too (A4.1.3)."},
    {"longest", SCHEMA_MS, M(screen_max_ms), 1000, 300000, .fallback = "30s",
     .help = "For surname, organisation and matter."},
    {"consent_posts", SCHEMA_BITS, M(consent_posts), 0, POST_COUNT, .words = schema_posts,
     .fallback = "secretary gad_manager",
     .help = "Who may put a caller through once the general manager has answered (consent c)."},
    {0},
};

static const struct schema_field message_fields[] = {
    {"longest", SCHEMA_MS, M(message_max_ms), 1000, MS_HOUR, .fallback = "3min",
     .help = "Longest message (A3.8)."},
    {"shortest", SCHEMA_MS, M(message_min_ms), 100, 60000, .fallback = "2s",
     .help = "A shorter one isn't one."},
    {"silence", SCHEMA_MS, M(message_silence_ms), 500, 60000, .fallback = "8s",
     .help = "Silence that ends it."},
    {"receive", SCHEMA_MS, M(message_receive_ms), 0, 7 * MS_DAY, .fallback = "4h",
     .help = "A message that nobody has received after so long in office hours comes back to the "
	     "desk (A5.7); 0s never."},
    {"receive_urgent", SCHEMA_MS, M(message_receive_urgent_ms), 0, 7 * MS_DAY,
     .fallback = "15min", .help = "The same for an urgent one, at any hour."},
    {"next_way", SCHEMA_MS, M(message_next_ms), 0, MS_DAY, .fallback = "10min",
     .help = "Not received for so long, it goes the recipient's next way too."},
    {"next_way_urgent", SCHEMA_MS, M(message_next_urgent_ms), 0, MS_DAY, .fallback = "1min",
     .help = "The same for an urgent one; 0s all ways at once."},
    {"deputy", SCHEMA_MS, M(message_deputy_ms), 0, 7 * MS_DAY, .fallback = "2h",
     .help = "Still not received so long after it came back: the deputy is told; 0s never."},
    {0},
};

static const struct schema_field call_fields[] = {
    {"silent_line", SCHEMA_MS, M(silent_line_ms), 0, MS_HOUR, .fallback = "60s",
     .help = "Without any sound for this long a call is ended; 0s never."},
    {"trunk_to_trunk", SCHEMA_BOOL, M(trunk_to_trunk), .fallback = "false",
     .help = "Forwarding and transfer from outside to outside."},
    {"long_call", SCHEMA_MS, M(long_call_ms), 0, 24 * MS_HOUR, .fallback = "10min",
     .help = "A call with the outside that lasts longer brings a reminder (A3.10); 0s none."},
    {"long_call_again", SCHEMA_MS, M(long_call_again_ms), 100, 24 * MS_HOUR, .fallback = "5min",
     .help = "Until the next reminder of the same call."},
    {"long_call_later", SCHEMA_MS, M(long_call_later_ms), 100, 24 * MS_HOUR, .fallback = "15min",
     .help = "Until the next one when an operator has put it off."},
    {"long_call_exempt", SCHEMA_BITS, M(long_call_exempt), 0, POST_COUNT, .words = schema_posts,
     .fallback = "chairman vice_chairman general_manager",
     .help = "Posts that are not reminded (A3.10)."},
    {0},
};

static const struct schema_field recording_fields[] = {
    {"complaints", SCHEMA_BOOL, M(recording_complaints), .fallback = "false",
     .help = "Calls on their way to customer service (A4.1.6) are recorded, after the caller has "
	     "been told."},
    {"lines", SCHEMA_LIST, .offset = offsetof(struct measures, recording_lines),
     .size = SCHEMA_SIZE(struct measures, recording_lines[0]), 0, MEASURES_RECORDED_LINES,
     .of = SCHEMA_DIGITS, .count_offset = offsetof(struct measures, recording_line_count),
     .count_byte = true,
     .help = "Numbers, as dialled inside, whose calls from outside are recorded."},
    {"keep_complaints_days", SCHEMA_INTEGER, M(recording_keep_complaints_days), 1, 3650,
     .fallback = "365", .help = "Then a complaint's recording is destroyed."},
    {"keep_lines_days", SCHEMA_INTEGER, M(recording_keep_lines_days), 1, 3650, .fallback = "90",
     .help = "Then a line's recording is destroyed."},
    {0},
};

static const struct schema_field department_fields[] = {
    {"general_administration", SCHEMA_INTEGER, M(gad_department), 1, 999999999,
     .flags = SCHEMA_REQUIRED, .help = "Id of GAD in the directory (A4.1.7)."},
    {"customer_service", SCHEMA_INTEGER, M(customer_service_department), 1, 999999999,
     .flags = SCHEMA_REQUIRED, .help = "Id of the customer service centre (A4.1.6)."},
    {0},
};

#define SECTION(name, table, text)                                                                 \
	{                                                                                          \
		name, SCHEMA_SECTION, ALL, .fields = table, .help = text                           \
	}

const struct schema_field measures_schema[] = {
    {"version", SCHEMA_INTEGER, M(version), 1, 1000000, .flags = SCHEMA_REQUIRED,
     .help = "Counts up with each issue (A7)."},
    {"issued", SCHEMA_OWN, ALL, .own = issued_read, .flags = SCHEMA_REQUIRED,
     .form = "year-month-day", .help = "In force from the beginning of this day (A8)."},
    {"company", SCHEMA_SECTION, ALL, .fields = company_fields, .flags = SCHEMA_REQUIRED,
     .help = "The company's name."},
    {"numbers", SCHEMA_SECTION, ALL, .fields = number_fields, .flags = SCHEMA_REQUIRED,
     .help = "The numbers inside."},
    {"emergency", SCHEMA_LIST, .offset = offsetof(struct measures, emergency),
     .size = SCHEMA_SIZE(struct measures, emergency[0]), 1, MEASURES_EMERGENCY, .of = SCHEMA_DIGITS,
     .count_offset = offsetof(struct measures, emergency_count), .count_byte = true,
     .fallback = "110 119 120 122",
     .help = "Never blocked, with or without the outside prefix, over any trunk."},
    {"classes", SCHEMA_OWN, ALL, .own = classes_read, .flags = SCHEMA_REQUIRED,
     .form = "city, national, international: list of beginnings each",
     .help = "What class of service a number outside needs, by how it begins; the longest "
	     "counts. What none fits can't be dialled."},
    SECTION("feature_codes", code_fields, "Codes dialled from a phone; one left out is off."),
    SECTION("parking", park_fields, "Parking a call."),
    {"hours", SCHEMA_OWN, ALL, .own = hours_read, .flags = SCHEMA_REQUIRED,
     .form = "name: {mon-fri: [09:00-12:00, …], sat: [], …}",
     .help = "Sets of hours, the first is office; departments.csv names them by place from 0."},
    {"holidays", SCHEMA_OWN, ALL, .own = holidays_read, .form = "list of {from, to, name}",
     .help = "Days off; to may be left out."},
    {"make_up_days", SCHEMA_OWN, ALL, .own = make_up_days_read, .form = "list of {date, as, name}",
     .help = "Working days made up for, with the hours of the weekday as."},
    {"duty_margin", SCHEMA_MINUTES, M(duty_margin_minutes), 0, 240, .fallback = "15min",
     .help = "Duty begins so much before the office's hours and ends so much after (A5.10)."},
    SECTION("ringing", ringing_fields, "The ring clock."),
    SECTION("desk", desk_fields, "The operators' positions."),
    SECTION("attendant", attendant_fields, "The automatic attendant (A4.2)."),
    SECTION("screening", screening_fields, "Calls for the general manager (A4.1.3)."),
    SECTION("messages", message_fields, "Spoken messages (A3.8)."),
    SECTION("calls", call_fields, "Every call."),
    SECTION("recording", recording_fields, "Whole calls that are recorded; none unless set."),
    {"departments", SCHEMA_SECTION, ALL, .fields = department_fields, .flags = SCHEMA_REQUIRED,
     .help = "Where Article 4 sends what has no other place."},
    SECTION("cards", cards_fields, "Texts at an operator's hand; the exchange doesn't read them."),
    {0},
};

struct code {
	const char *key, *code;
};

/* A code that begins like another would never be heard to its end. */
static void codes_check(struct walk *w, const struct measures *m)
{
	const struct code codes[] = {
	    {"pickup_group", m->code_pickup_group},
	    {"pickup_direct", m->code_pickup_direct},
	    {"park", m->code_park},
	    {"dnd_on", m->code_dnd_on},
	    {"dnd_off", m->code_dnd_off},
	    {"forward_always", m->code_forward_always},
	    {"forward_off", m->code_forward_off},
	    {"mailbox", m->code_mailbox},
	};
	size_t n = sizeof(codes) / sizeof(*codes);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			struct config_error *e;

			if (i == j || !codes[i].code[0] || !codes[j].code[0] ||
			    !text_starts(codes[i].code, codes[j].code) ||
			    (i < j && text_eq(codes[i].code, codes[j].code)))
				continue;
			e = walk_error_at(w, "config.code_begins", "feature_codes.%s",
					  codes[i].key);
			snprintf(e->a, sizeof(e->a), "feature_codes.%s", codes[j].key);
		}
}

static void emergency_check(struct walk *w, const struct measures *m)
{
	static const char *const must[] = {"110", "119", "120", "122"};

	for (size_t i = 0; i < 4; i++) {
		unsigned j = 0;

		while (j < m->emergency_count && !text_eq(m->emergency[j], must[i]))
			j++;
		if (j == m->emergency_count && !w->doc->partial)
			TEXT_COPY(walk_error_at(w, "config.emergency_missing", "emergency")->a,
				  must[i]);
	}
	for (unsigned i = 0; i < m->emergency_count; i++)
		if (m->emergency[i][0] && strlen(m->emergency[i]) < 3)
			walk_error_at(w, "config.wrong_value", "emergency[%u]", i);
}

void measures_check(struct walk *w, const struct measures *m)
{
	if (m->extension_digits_min > m->extension_digits_max)
		walk_error_at(w, "config.min_over_max", "numbers.extension_digits_max");
	if (m->outside_prefix[0] && text_eq(m->outside_prefix, m->operator_number))
		walk_error_at(w, "config.same_number", "numbers.outside_prefix");
	if (m->outside_prefix[0] && text_starts(m->main_number, m->outside_prefix))
		walk_error_at(w, "config.begins_outside", "numbers.main");
	if (m->mailbox_outside[0] && (text_starts(m->mailbox_outside, m->operator_number) ||
				      strlen(m->mailbox_outside) > m->extension_digits_max))
		walk_error_at(w, "config.mailbox_number", "numbers.mailbox");
	if (m->rings_all_from > m->rings)
		walk_error_at(w, "config.min_over_max", "desk.rings_all_from");
	if (m->park_slots && !m->park_first[0])
		walk_error_at(w, "config.park_first", "parking.slots");
	if (m->message_min_ms >= m->message_max_ms)
		walk_error_at(w, "config.min_over_max", "messages.shortest");
	codes_check(w, m);
	emergency_check(w, m);
}
