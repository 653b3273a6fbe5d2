/* Questions that the source answers as they are. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "app/api/body.h"
#include "app/api/internal.h"
#include "base/text.h"

#define NUMBER_MAX  INT64_C(9007199254740991) /* what JSON numbers carry exactly */
#define LIMIT_USUAL 50

void api_query_begin(const struct http_call *c, struct api_query *q)
{
	memset(q, 0, sizeof(*q));
	q->who = *http_call_who(c);
	q->lang = http_call_language(c);
	q->own = !(q->who.roles & (API_OPERATOR | API_MANAGER | API_ADMIN));
	q->limit = LIMIT_USUAL;
}

static bool take_texts(struct http_call *c, struct api_query *q)
{
	const struct {
		const char *name;
		char *dst;
		size_t cap;
	} texts[] = {
	    {"text", q->text, sizeof(q->text)},
	    {"number", q->number, sizeof(q->number)},
	    {"outcome", q->outcome, sizeof(q->outcome)},
	    {"clause", q->clause, sizeof(q->clause)},
	    {"direction", q->direction, sizeof(q->direction)},
	    {"state", q->state, sizeof(q->state)},
	    {"before", q->before, sizeof(q->before)},
	    {"mark", q->mark, sizeof(q->mark)},
	    {"ends", q->ends, sizeof(q->ends)},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *value = http_call_query(c, texts[i].name);

		if (value && text_copy(texts[i].dst, texts[i].cap, value)) {
			http_call_refuse_field(c, 400, "bad_value", texts[i].name);
			return false;
		}
	}
	return true;
}

static bool take_numbers(struct http_call *c, struct api_query *q)
{
	int64_t from = 0, to = 0, person = 0, department = 0, extension = 0, trunk = 0;
	int64_t limit = LIMIT_USUAL, by = 0;
	const struct {
		const char *name;
		int64_t least, most, *out;
	} numbers[] = {
	    {"from_ms", 0, NUMBER_MAX, &from},	      {"to_ms", 0, NUMBER_MAX, &to},
	    {"person", 1, UINT32_MAX, &person},	      {"department", 1, UINT32_MAX, &department},
	    {"extension", 1, UINT32_MAX, &extension}, {"trunk", 1, UINT16_MAX, &trunk},
	    {"limit", 1, API_LIMIT, &limit},	      {"operator", 1, UINT32_MAX, &by},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (http_call_query_number(c, numbers[i].name, numbers[i].least, numbers[i].most,
					   numbers[i].out) == EINVAL) {
			http_call_refuse_field(c, 400, "bad_value", numbers[i].name);
			return false;
		}
	}
	q->from_ms = from;
	q->to_ms = to;
	q->person = (uint32_t)person;
	q->department = (uint32_t)department;
	q->extension = (uint32_t)extension;
	q->trunk = (uint16_t)trunk;
	q->operator_person = (uint32_t)by;
	q->limit = (unsigned)limit;
	return true;
}

bool api_query_list(struct http_call *c, struct api_query *q)
{
	api_query_begin(c, q);
	return take_texts(c, q) && take_numbers(c, q);
}

void api_give_result(struct http_call *c, int err, json_t *out)
{
	if (!err)
		http_call_give(c, 200, out);
	else if (err == ENOENT)
		http_call_refuse(c, 404, "not_found", NULL);
	else if (err == EINVAL)
		http_call_refuse_field(c, 400, "bad_value", "before");
	else if (err == EAGAIN || err == ETIMEDOUT)
		http_call_refuse(c, 503, "unavailable", NULL);
	else
		http_call_refuse(c, 500, "internal", NULL);
}

void api_give(struct http_call *c, struct api *a, api_read *read, const struct api_query *q)
{
	json_t *out = NULL;
	int err = read ? read(a->source.arg, q, &out) : EAGAIN;

	api_give_result(c, err, out);
}

/* Staff without a place in the directory have nothing of their own. */
static bool has_nothing(const struct api_query *q)
{
	return q->own && !q->who.person;
}

/* A list of what is the asker's own, where they see no more. */
static void own_list(struct http_call *c, struct api *a, api_read *read)
{
	struct api_query q;

	if (!api_query_list(c, &q))
		return;
	if (has_nothing(&q))
		http_call_give(c, 200, json_pack("{s:[],s:n}", "items", "next"));
	else
		api_give(c, a, read, &q);
}

static void list(struct http_call *c, struct api *a, api_read *read)
{
	struct api_query q;

	if (api_query_list(c, &q))
		api_give(c, a, read, &q);
}

static void one(struct http_call *c, struct api *a, api_read *read, const char *param)
{
	struct api_query q;

	api_query_begin(c, &q);
	if (http_call_param_number(c, param, 1, NUMBER_MAX, &q.id))
		http_call_refuse(c, 404, "not_found", NULL);
	else
		api_give(c, a, read, &q);
}

/* The id is taken first: whatever is published from then on comes after it. */
void api_switchboard(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	char id[64];
	int err;

	http_call_event_id(c, id, sizeof(id));
	api_query_begin(c, &q);
	err = a->source.switchboard ? a->source.switchboard(a->source.arg, &q, &out) : EAGAIN;
	if (!err)
		json_object_set_new(out, "event_id", json_string(id));
	api_give_result(c, err, out);
}

void api_calls(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.calls);
}

void api_call(struct http_call *c, void *arg)
{
	one(c, arg, ((struct api *)arg)->source.call, "no");
}

void api_legs(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.legs);
}

void api_registrations(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.registrations);
}

void api_trunks(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.trunks);
}

void api_people(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.people);
}

void api_departments(struct http_call *c, void *arg)
{
	list(c, arg, ((struct api *)arg)->source.departments);
}

void api_messages(struct http_call *c, void *arg)
{
	own_list(c, arg, ((struct api *)arg)->source.messages);
}

/* Is the message for the asker? Its content says so. */
static int is_own_message(struct api *a, const struct api_query *q)
{
	struct api_content content = {0};
	const char *clause;
	bool recipient;
	int err = a->source.content_find(a->source.arg, q, &content);

	if (err)
		return err;
	return api_content_rule(&q->who, &content, false, &clause, &recipient) == API_OPEN ? 0
											   : ENOENT;
}

void api_message(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	int err = 0;

	api_query_begin(c, &q);
	if (http_call_param_number(c, "id", 1, NUMBER_MAX, &q.id) || has_nothing(&q))
		err = ENOENT;
	else if (q.own)
		err = is_own_message(a, &q);
	if (err)
		api_give_result(c, err, NULL);
	else
		api_give(c, a, a->source.message, &q);
}

void api_records(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	if (has_nothing(&q)) {
		http_call_give(c, 200, json_pack("{s:[],s:n}", "items", "next"));
		return;
	}
	err = a->source.records ? a->source.records(a->source.arg, &q, &out) : EAGAIN;
	api_keep_give(c, err, 200, out);
}

void api_record(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (http_call_param_number(c, "no", 1, NUMBER_MAX, &q.id) || has_nothing(&q))
		err = ENOENT;
	else
		err = a->source.record ? a->source.record(a->source.arg, &q, &out) : EAGAIN;
	api_give_result(c, err, out);
}
