/* Who may answer: appointed operators (A2) and stand-ins (A5.9). */
#include "app/api/body.h"

static const struct api_field fields[] = {
    {"person", FIELD_ID, true, API_FIELD(api_standin, person), NULL},
    {"from_ms", FIELD_NO, true, API_FIELD(api_standin, from_ms), NULL},
    {"until_ms", FIELD_NO, true, API_FIELD(api_standin, until_ms), NULL},
    {"reason", FIELD_TEXT, true, API_FIELD(api_standin, reason), NULL},
};

struct decision {
	bool approve;
};
static const struct api_field decision_fields[] = {
    {"approve", FIELD_BOOL, true, API_FIELD(decision, approve), NULL},
};

void api_operators(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	err = API_KEEP(a, operators, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_standin_ask(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_standin s = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!api_body_take(c, fields, sizeof(fields) / sizeof(fields[0]), &s))
		return;
	err = API_KEEP(a, standin_ask, &q, &s, &out);
	api_keep_give(c, err, 201, out);
}

void api_standin_decide(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct decision d = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q) || !api_body_take(c, decision_fields, 1, &d))
		return;
	err = API_KEEP(a, standin_decide, &q, d.approve, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}
