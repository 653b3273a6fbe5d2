/* A leader's word of the day (今日交代): a dated consent or refusal (A4.1.3, e). */
#include "app/api/body.h"

static const struct api_field fields[] = {
    {"person", FIELD_ID, true, API_FIELD(api_instruction, person), NULL},
    {"kind", FIELD_WORD, true, API_FIELD(api_instruction, refuse), "through refuse"},
    {"number", FIELD_PHONE, false, API_FIELD(api_instruction, number), NULL},
    {"name", FIELD_TEXT, false, API_FIELD(api_instruction, name), NULL},
    {"given_by", FIELD_TEXT, true, API_FIELD(api_instruction, given_by), NULL},
    {"text", FIELD_TEXT, false, API_FIELD(api_instruction, text), NULL},
    {"until_ms", FIELD_NO, true, API_FIELD(api_instruction, until_ms), NULL},
};

void api_instructions(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	err = API_KEEP(a, instructions, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_instruct(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_instruction i = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!api_body_take(c, fields, sizeof(fields) / sizeof(fields[0]), &i))
		return;
	/* through for everybody would be no consent for somebody */
	if (!i.refuse && !i.number[0] && !i.name[0]) {
		http_call_refuse_with(c, 400, "required",
				      json_pack("{s:s,s:s}", "field", "number", "clause",
						"A4.1.3"));
		return;
	}
	err = API_KEEP(a, instruct, &q, &i, &out);
	api_keep_give(c, err, 201, out);
}

void api_instruction_drop(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q))
		return;
	err = API_KEEP(a, instruction_drop, &q, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}
