/* The month's report by mail (A3.7). Private to src/app. */
#ifndef APP_MONTHLY_H
#define APP_MONTHLY_H

#include "app/app.h"
#include "deliver/deliver.h"
#include "records/reports.h"

/* Once the office is open for the first time in a month, or on its fourth day: last month's
 * workbook is written and a mail to each manager planned. Does nothing when that is done, when
 * nobody called in that month, or when there is nobody to read it. In the nightly thread; may take
 * seconds. */
void app_monthly_look(struct app *a, unsigned org);

/* The mail. The workbook is written anew when it is gone. Errors: as the report. */
int app_monthly_compose(struct app *a, const struct records_report *r, struct deliver_item *out);

#endif
