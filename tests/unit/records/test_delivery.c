/* The outbox: planned with the message, in the order that was chosen; what follows each attempt and
 * each hour, by a clock that the test holds. On both engines. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "records/delivery.h"
#include "records/directory.h"

#define AT     INT64_C(1790000000000)
#define NEXT   600000
#define WITHIN 3600000

static const char people[] =
    "id,name,deputy,mail,wecom,dingtalk,deliver\r\n"
    "1,张三丰,2,zsf@example.com,zsf,zsf-d,wecom mail\r\n"
    "2,李向东,,lxd@example.com,,,\r\n"
    "4,王伟,,,,,\r\n"
    "5,孙立,,sl@example.com,,,page mail\r\n";
static const char departments[] = "id,name,mail,robot,deliver\r\n"
				  "1,工程部,gcb@example.com,gcb,\r\n";

static void directory(void)
{
	const struct records_csv csv = {.file = {{people, sizeof(people) - 1},
						 {departments, sizeof(departments) - 1}}};
	static struct records_csv_errors errors;
	struct records_import_counts counts;
	int err = records_directory_import(w.db, 1, &csv, "test", AT, &errors, &counts);

	if (errors.count)
		print_message("%s %s %s\n", records_csv_code_name(errors.v[0].code),
			      errors.v[0].column, errors.v[0].found);
	assert_int_equal(err, 0);
}

static int64_t keep(uint32_t person, uint32_t department, uint32_t copy)
{
	struct records_message m = {.org = 1,
				    .kept_at_ms = AT,
				    .for_person = person,
				    .for_department = department,
				    .copy_department = copy,
				    .deadline_ms = AT + WITHIN,
				    .next_way_ms = NEXT};
	int64_t id = 0;

	TEXT_COPY(m.clause_name, "A3.8");
	assert_int_equal(records_message_add(w.db, &m, "", &id), 0);
	return id;
}

struct list {
	struct records_way v[16];
	unsigned count;
};

static int on_way(const struct records_way *way, void *arg)
{
	struct list *l = arg;

	assert_true(l->count < 16);
	l->v[l->count++] = *way;
	return 0;
}

static struct list of(int64_t message)
{
	struct list l = {.count = 0};

	assert_int_equal(records_outbox_of(w.db, 1, message, on_way, &l), 0);
	return l;
}

static struct list due(int64_t at_ms)
{
	static const char *const channels[] = {"wecom", "mail", "robot"};
	struct list l = {.count = 0};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(records_outbox_due(w.db, 1, channels[i], at_ms, 16, on_way, &l),
				 0);
	return l;
}

static void settle(int64_t way, enum records_way_state state, int64_t at_ms, int64_t next_ms)
{
	struct records_try t = {.id = way, .at_ms = at_ms, .next_ms = next_ms, .state = state};

	TEXT_COPY(t.outcome, state == RECORDS_WAY_DELIVERED ? "ok" : "busy");
	assert_int_equal(records_outbox_settle(w.db, &t), 0);
}

static int on_stage(const struct records_stage *s, void *arg)
{
	*(struct records_stage *)arg = *s;
	return 0;
}

static struct records_stage stage_due(int64_t at_ms)
{
	struct records_stage s = {0};

	assert_int_equal(records_stages_due(w.db, 1, at_ms, 1, on_stage, &s), 0);
	return s;
}

static int on_receipt(const struct records_receipt *r, void *arg)
{
	text_append(arg, 256, "%s/%s/%s ", r->kind, r->channel, r->by);
	return 0;
}

static const char *receipts(int64_t message)
{
	static char text[256];

	text[0] = '\0';
	assert_int_equal(records_receipts(w.db, 1, message, on_receipt, text), 0);
	return text;
}

static struct records_message message(int64_t id)
{
	struct records_message m;

	assert_int_equal(records_message_get(w.db, 1, id, &m), 0);
	return m;
}

/* The chosen order, one after the other while nobody says that it is received. */
static void ways_in_the_chosen_order(void **state)
{
	struct list l;
	int64_t id;

	directory();
	id = keep(1, 0, 0);
	l = of(id);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.v[0].channel, "wecom");
	assert_string_equal(l.v[1].channel, "mail");
	assert_string_equal(l.v[1].address, "zsf@example.com");
	assert_int_equal(due(AT).count, 1);
	settle(l.v[0].id, RECORDS_WAY_DELIVERED, AT + 5, 0);
	assert_int_equal(due(AT + NEXT - 1).count, 0);
	assert_int_equal(due(AT + NEXT).count, 1);
	assert_string_equal(due(AT + NEXT).v[0].channel, "mail");
}

/* A way that has failed for good isn't waited for; when all have, the desk has it at once. */
static void failed_ways_make_room(void **state)
{
	struct list l;
	int64_t id;

	directory();
	id = keep(1, 0, 0);
	l = of(id);
	settle(l.v[0].id, RECORDS_WAY_WAITING, AT + 5, AT + 1000);
	assert_int_equal(due(AT + 999).count, 0);
	assert_int_equal(due(AT + 1000).v[0].attempts, 1);
	settle(l.v[0].id, RECORDS_WAY_FAILED, AT + 1000, 0);
	assert_int_equal(due(AT + 1000).count, 1);
	assert_string_equal(due(AT + 1000).v[0].channel, "mail");
	assert_int_equal(stage_due(AT + 1000).message, 0);
	settle(l.v[1].id, RECORDS_WAY_FAILED, AT + 2000, 0);
	assert_int_equal(stage_due(AT + 2000).message, id);
	assert_int_equal(message(id).stage, 0);
}

/* Received on one way, it is ended on the others; once is enough. */
static void received_ends_the_others(void **state)
{
	struct records_receipt r = {
	    .org = 1, .at_ms = AT + 9, .kind = "received", .channel = "wecom", .by = "张三丰"};
	struct list l;

	directory();
	r.message = keep(1, 0, 0);
	settle(of(r.message).v[0].id, RECORDS_WAY_DELIVERED, AT + 5, 0);
	assert_int_equal(records_receipt_add(w.db, &r), 0);
	l = of(r.message);
	assert_int_equal(l.v[0].state, RECORDS_WAY_DELIVERED);
	assert_int_equal(l.v[1].state, RECORDS_WAY_ENDED);
	assert_int_equal(due(AT + 10 * NEXT).count, 0);
	assert_int_equal(stage_due(AT + 10 * WITHIN).message, 0);
	assert_int_equal(message(r.message).heard_at_ms, AT + 9);
	r.at_ms += 5;
	assert_int_equal(records_message_opened(w.db, 1, r.message, "zsf", true, NULL, AT + 20), 0);
	assert_int_equal(records_message_opened(w.db, 1, r.message, "zsf", true, NULL, AT + 30), 0);
	assert_int_equal(message(r.message).heard_at_ms, AT + 9);
	assert_string_equal(receipts(r.message),
			    "delivered/wecom/ received/wecom/张三丰 opened/console/zsf ");
	r.message = 999;
	assert_int_equal(records_receipt_add(w.db, &r), ENOENT);
	/* What was under way when it was received is told, and changes nothing. */
	settle(l.v[1].id, RECORDS_WAY_WAITING, AT + 40, AT + 50);
	assert_int_equal(due(AT + 60).count, 0);
}

/* Not received in time: the desk, then the deputy; whoever isn't there at all: the desk at once. */
static void late_ones_come_back(void **state)
{
	struct records_stage_step t = {.org = 1, .stage = 1, .note = "late"};
	struct records_delivery_figures f;
	struct list l;

	directory();
	t.message = keep(1, 0, 0);
	assert_int_equal(stage_due(AT + WITHIN - 1).message, 0);
	assert_int_equal(stage_due(AT + WITHIN).message, t.message);
	t.at_ms = AT + WITHIN;
	t.due_ms = AT + 2 * WITHIN;
	assert_int_equal(records_stage_next(w.db, &t), 0);
	assert_int_equal(records_stage_next(w.db, &t), ECANCELED);
	assert_int_equal(message(t.message).stage, 1);
	assert_int_equal(stage_due(AT + 2 * WITHIN - 1).message, 0);
	assert_int_equal(stage_due(AT + 2 * WITHIN).stage, 1);
	t.stage = 2;
	t.at_ms = AT + 2 * WITHIN;
	t.due_ms = 0;
	t.deputy = 2;
	t.note = "李向东";
	assert_int_equal(records_stage_next(w.db, &t), 0);
	l = of(t.message);
	assert_int_equal(l.count, 3);
	assert_string_equal(l.v[2].address, "lxd@example.com");
	assert_int_equal(l.v[2].due_ms, AT + 2 * WITHIN);
	assert_string_equal(receipts(t.message), "returned// deputy// ");
	assert_int_equal(records_delivery_figures(w.db, 1, AT + 2 * WITHIN, AT, &f), 0);
	assert_int_equal(f.returned, 1);
	assert_int_equal(f.late, 1);
	assert_int_equal(f.late_in, 1);
	assert_int_equal(f.kept, 1);
	assert_int_equal(stage_due(AT).message, 0);
	t.message = keep(77, 0, 0); /* a leaver */
	assert_int_equal(stage_due(AT).message, t.message);
	assert_int_equal(of(t.message).count, 0);
}

/* A department has its robot and its mail; a copy goes to another one; 王伟 has no address. */
static void departments_and_copies(void **state)
{
	struct list l;
	int64_t id;

	directory();
	l = of(keep(0, 1, 0));
	assert_int_equal(l.count, 2);
	assert_string_equal(l.v[0].channel, "robot");
	assert_string_equal(l.v[1].channel, "mail");
	l = of(keep(2, 0, 1));
	assert_int_equal(l.count, 3);
	assert_int_equal(l.v[2].department, 1);
	id = keep(4, 0, 0);
	assert_int_equal(of(id).count, 0);
	assert_int_equal(stage_due(AT + WITHIN - 1).message, 0);
	assert_int_equal(records_delivery_again(w.db, 1, id, "operator1", AT + 1), 0);
	assert_string_equal(receipts(id), "again//operator1 ");
	id = keep(2, 0, 0);
	settle(of(id).v[0].id, RECORDS_WAY_FAILED, AT + 3, 0);
	assert_int_equal(records_delivery_again(w.db, 1, id, "operator1", AT + 9), 0);
	assert_int_equal(of(id).count, 2);
	assert_int_equal(of(id).v[1].due_ms, AT + 9);
	assert_int_equal(records_delivery_again(w.db, 1, 999, "operator1", AT + 9), ENOENT);
}

/* Addresses that aren't, ways that aren't or come twice: told at their place. */
static void bad_addresses(void **state)
{
	static const struct {
		const char *column, *cell;
		enum records_csv_code code;
	} bad[] = {
	    {"mail", "zsf", RECORDS_CSV_MAIL},
	    {"mail", "a@b@c", RECORDS_CSV_MAIL},
	    {"mail", "a b@c.cn", RECORDS_CSV_MAIL},
	    {"mail", "<a@c.cn>", RECORDS_CSV_MAIL},
	    {"mail", "=a@c.cn", RECORDS_CSV_MAIL},
	    {"deliver", "mail pigeon", RECORDS_CSV_WORD},
	    {"deliver", "mail mail", RECORDS_CSV_WORD},
	    {"deliver", "robot", RECORDS_CSV_WORD}, /* robots post to groups */
	};
	static struct records_csv_errors errors;
	char text[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct records_csv csv = {0};

		snprintf(text, sizeof(text), "id,name,%s\n1,张三丰,%s\n", bad[i].column,
			 bad[i].cell);
		csv.file[RECORDS_PEOPLE] = (struct records_csv_text){text, strlen(text)};
		memset(&errors, 0, sizeof(errors));
		assert_int_equal(records_csv_check(&csv, &errors), EINVAL);
		assert_int_equal(errors.v[0].code, bad[i].code);
		assert_string_equal(errors.v[0].column, bad[i].column);
	}
}

static int on_own(const struct records_own *o, void *arg)
{
	text_append(arg, 256, "%lld%s%s ", (long long)o->m.id, o->acted_ms ? "!" : "", o->note);
	return 0;
}

static const char *own(enum records_own_state state, uint32_t person, uint32_t department,
		       int64_t before_id)
{
	static char text[256];
	const struct records_own_filter f = {.org = 1,
					     .person = person,
					     .department = department,
					     .state = state,
					     .before_id = before_id,
					     .limit = 2};

	text[0] = '\0';
	assert_int_equal(records_own_messages(w.db, &f, on_own, text), 0);
	return text;
}

/* The own page is a way like others; nobody but the page says that it is delivered there. */
static void the_own_page_first(void **state)
{
	struct list l;
	unsigned count = 9;
	int64_t id;

	directory();
	id = keep(5, 0, 0);
	l = of(id);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.v[0].channel, "page");
	assert_int_equal(due(AT).count, 0);
	assert_int_equal(due(AT + NEXT).count, 1);
	assert_int_equal(records_page_shown(w.db, 1, 1, id, id, AT + 5, &count), 0);
	assert_int_equal(count, 0); /* another's */
	assert_int_equal(records_page_shown(w.db, 1, 5, id, id, AT + 5, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(of(id).v[0].state, RECORDS_WAY_DELIVERED);
	assert_string_equal(receipts(id), "delivered/page/ ");
	assert_int_equal(records_page_shown(w.db, 1, 5, id, id, AT + 6, &count), 0);
	assert_int_equal(count, 0);
	/* a mail that can't arrive isn't the desk's matter while the page has it */
	settle(l.v[1].id, RECORDS_WAY_FAILED, AT + NEXT, 0);
	assert_int_equal(stage_due(AT + NEXT).message, 0);
}

static void what_is_ones_own(void **state)
{
	struct records_own_filter f = {.org = 1, .person = 1, .department = 1};
	struct records_receipt r = {.org = 1, .at_ms = AT + 9, .kind = "read", .channel = "page"};
	struct records_stage_step deputy = {.org = 1, .at_ms = AT, .deputy = 2, .stage = 2};
	struct records_own o;
	char text[64];
	uint64_t count = 0;
	int64_t a, b, c, other;

	directory();
	a = keep(1, 0, 0);
	b = keep(0, 1, 0);
	other = keep(4, 0, 0);
	c = keep(1, 0, 0);
	snprintf(text, sizeof(text), "%lld %lld ", (long long)c, (long long)b);
	assert_string_equal(own(RECORDS_OWN_ALL, 1, 1, 0), text);
	snprintf(text, sizeof(text), "%lld ", (long long)a);
	assert_string_equal(own(RECORDS_OWN_NEW, 1, 1, b), text);
	assert_int_equal(records_own_new(w.db, &f, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(records_own_message(w.db, &f, b, &o), 0);
	assert_int_equal(records_own_message(w.db, &f, other, &o), ENOENT);
	f.department = 0;
	assert_int_equal(records_own_message(w.db, &f, b, &o), ENOENT);

	TEXT_COPY(r.by, "张三丰");
	r.message = a;
	assert_int_equal(records_receipt_add(w.db, &r), 0);
	assert_int_equal(records_receipt_add(w.db, &r), 0);
	assert_string_equal(receipts(a), "read/page/张三丰 "); /* once */
	assert_string_equal(own(RECORDS_OWN_READ, 1, 1, 0), text);
	TEXT_COPY(r.kind, "acted");
	TEXT_COPY(r.note, "ok");
	assert_int_equal(records_receipt_add(w.db, &r), 0);
	assert_string_equal(own(RECORDS_OWN_READ, 1, 1, 0), "");
	snprintf(text, sizeof(text), "%lld!ok ", (long long)a);
	assert_string_equal(own(RECORDS_OWN_DONE, 1, 1, 0), text);

	/* what comes to a deputy is the deputy's too */
	assert_string_equal(own(RECORDS_OWN_ALL, 2, 0, 0), "");
	deputy.message = c;
	assert_int_equal(records_stage_next(w.db, &deputy), 0);
	snprintf(text, sizeof(text), "%lld ", (long long)c);
	assert_string_equal(own(RECORDS_OWN_ALL, 2, 0, 0), text);
}

static int on_mail_owner(const struct records_owner *o, void *arg)
{
	text_append(arg, 64, "%u:%s ", o->person, o->name);
	return 0;
}

static void whose_address(void **state)
{
	struct records_reached r;
	char text[64] = "";

	directory();
	assert_int_equal(records_mail_owners(w.db, "ZSF@Example.com", on_mail_owner, text), 0);
	assert_string_equal(text, "1:张三丰 ");
	assert_int_equal(records_mail_owners(w.db, "", on_mail_owner, text), 0);
	assert_int_equal(records_mail_owners(w.db, "%", on_mail_owner, text), 0);
	assert_string_equal(text, "1:张三丰 ");
	assert_int_equal(records_reached_get(w.db, 1, 5, &r), 0);
	assert_string_equal(r.deliver, "page mail");
	assert_int_equal(records_reached_get(w.db, 1, 99, &r), ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
	const struct CMUnitTest tests[] = {
	    T(ways_in_the_chosen_order), T(failed_ways_make_room),  T(received_ends_the_others),
	    T(late_ones_come_back),	 T(departments_and_copies), T(bad_addresses),
	    T(the_own_page_first), T(what_is_ones_own), T(whose_address),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
