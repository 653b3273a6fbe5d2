/* The month's report by mail (A3.7): one row a month and manager, so that it goes once. Errors as
 * in store.h. */
#ifndef RECORDS_REPORTS_H
#define RECORDS_REPORTS_H

#include "records/delivery.h"

struct records_report {
	int64_t id;
	uint32_t org, person, attempts;
	uint32_t month; /* 202611 */
	char address[RECORDS_ADDRESS], name[64];
};

/* How many of this month's rows there are; how many people would get one: accounts of managers,
 * enabled, whose person has a mail address. */
int records_report_count(struct records_db *db, uint32_t org, uint32_t month, uint64_t *begun,
			 uint64_t *readers);
/* A row for each of these, due at at_ms; one that is there stays as it is. */
int records_report_begin(struct records_db *db, uint32_t org, uint32_t month, int64_t at_ms);

typedef int(records_report_h)(const struct records_report *r, void *arg);
int records_reports_due(struct records_db *db, uint32_t org, int64_t now_ms, unsigned limit,
			records_report_h *h, void *arg);
/* An attempt, as records_outbox_settle has it. */
int records_report_settle(struct records_db *db, const struct records_try *t);

#endif
