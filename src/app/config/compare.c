/* What SIGHUP changes. */
#include <string.h>

#include "app/config/config.h"
#include "base/text.h"

#define DIFFERS(a, b, member) (memcmp(&(a)->member, &(b)->member, sizeof((a)->member)) != 0)

static unsigned compare_organisations(const struct config *a, const struct config *b)
{
	unsigned parts = 0;

	if (a->node.organisation_count != b->node.organisation_count)
		return CONFIG_PART_ORGANISATION_SET;
	for (unsigned i = 0; i < a->node.organisation_count; i++) {
		const struct config_organisation *x = &a->node.organisations[i];
		const struct config_organisation *y = &b->node.organisations[i];

		if (x->id != y->id)
			return CONFIG_PART_ORGANISATION_SET;
		if (memcmp(x, y, sizeof(*x)) != 0)
			parts |= CONFIG_PART_ORGANISATIONS;
		if (memcmp(&a->measures[i], &b->measures[i], sizeof(a->measures[i])) != 0 ||
		    memcmp(&a->cards[i], &b->cards[i], sizeof(a->cards[i])) != 0 ||
		    memcmp(a->hours_names[i], b->hours_names[i], sizeof(a->hours_names[i])) != 0)
			parts |= CONFIG_PART_MEASURES;
	}
	return parts;
}

/* Values are zero padded and were read into zeroed memory, so bytes compare as values. */
unsigned config_compare(const struct config *old, const struct config *new)
{
	const struct node_config *a = &old->node, *b = &new->node;
	unsigned parts = compare_organisations(old, new);

	if (DIFFERS(a, b, trunks) || a->trunk_count != b->trunk_count)
		parts |= CONFIG_PART_TRUNKS;
	if (DIFFERS(a, b, language))
		parts |= CONFIG_PART_LANGUAGE;
	if (a->log_level != b->log_level)
		parts |= CONFIG_PART_LOG;
	if (DIFFERS(a, b, speech))
		parts |= CONFIG_PART_SPEECH;
	if (DIFFERS(a, b, delivery))
		parts |= CONFIG_PART_DELIVERY;
	if (DIFFERS(a, b, interfaces) || a->interface_count != b->interface_count)
		parts |= CONFIG_PART_INTERFACES;
	if (DIFFERS(a, b, sip))
		parts |= CONFIG_PART_SIP;
	if (DIFFERS(a, b, http))
		parts |= CONFIG_PART_HTTP;
	if (DIFFERS(a, b, media))
		parts |= CONFIG_PART_MEDIA;
	if (DIFFERS(a, b, store))
		parts |= CONFIG_PART_STORE;
	if (DIFFERS(a, b, limits))
		parts |= CONFIG_PART_LIMITS;
	if (DIFFERS(a, b, data))
		parts |= CONFIG_PART_DATA;
	return parts;
}

void config_parts_text(unsigned parts, char *out, size_t cap)
{
	static const char *const names[] = {"trunks",	  "organisations",
					    "measures",	  "language",
					    "log",	  "speech",
					    "interfaces", "sip",
					    "http",	  "media",
					    "store",	  "limits",
					    "data",	  "number of organisations",
					    "delivery"};
	bool first = true;

	memset(out, 0, cap);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (parts & 1u << i) {
			text_append(out, cap, "%s%s", first ? "" : ", ", names[i]);
			first = false;
		}
}
