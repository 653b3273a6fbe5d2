/* The message slip (A3.8, A5.7) and what enquirers were told (A4.1.5). */
#include "app/api/body.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct api_field slip_fields[] = {
    {"call", FIELD_NO, false, API_FIELD(api_slip, call), NULL},
    {"for_person", FIELD_ID, false, API_FIELD(api_slip, for_person), NULL},
    {"for_department", FIELD_ID, false, API_FIELD(api_slip, for_department), NULL},
    {"copy_department", FIELD_ID, false, API_FIELD(api_slip, copy_department), NULL},
    {"from_name", FIELD_TEXT, false, API_FIELD(api_slip, from_name), NULL},
    {"organisation", FIELD_TEXT, false, API_FIELD(api_slip, organisation), NULL},
    {"number", FIELD_PHONE, false, API_FIELD(api_slip, number), NULL},
    {"matter", FIELD_LINES, false, API_FIELD(api_slip, matter), NULL},
    {"call_back", FIELD_TEXT, false, API_FIELD(api_slip, call_back), NULL},
    {"urgency", FIELD_WORD, false, API_FIELD(api_slip, urgent), "ordinary urgent"},
    {"voice", FIELD_BOOL, false, API_FIELD(api_slip, voice), NULL},
    {"declined", FIELD_WORDS, false, API_FIELD(api_slip, declined),
     "surname organisation matter number"},
};

static bool named_once(struct http_call *c, uint32_t person, uint32_t department,
		       const char *field)
{
	if (!person != !department)
		return true;
	http_call_refuse_field(c, 400, person ? "one_of" : "required", field);
	return false;
}

void api_slip_add(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_slip s = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!api_body_take(c, slip_fields, COUNT(slip_fields), &s) ||
	    !named_once(c, s.for_person, s.for_department, "for_person") ||
	    !api_take_request(c, s.request, sizeof(s.request)))
		return;
	err = API_KEEP(a, slip, &q, &s, &out);
	api_keep_give(c, err, 201, out);
}

static const struct api_field told_fields[] = {
    {"call", FIELD_NO, false, API_FIELD(api_told, call), NULL},
    {"person", FIELD_ID, false, API_FIELD(api_told, person), NULL},
    {"department", FIELD_ID, false, API_FIELD(api_told, department), NULL},
    {"to_number", FIELD_PHONE, false, API_FIELD(api_told, to_number), NULL},
    {"to_name", FIELD_TEXT, false, API_FIELD(api_told, to_name), NULL},
    {"text", FIELD_TEXT, true, API_FIELD(api_told, text), NULL},
};

void api_told_add(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_told t = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!api_body_take(c, told_fields, COUNT(told_fields), &t))
		return;
	err = API_KEEP(a, told, &q, &t, &out);
	api_keep_give(c, err, 201, out);
}

void api_told_list(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	err = API_KEEP(a, told_list, &q, &out);
	api_keep_give(c, err, 200, out);
}
