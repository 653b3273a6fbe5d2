/*
 * SIGHUP: the configuration is read again by a thread of its own and taken over on the call thread,
 * whole or not at all. Calls under way go on under the measures that they began with.
 */
#include "app/delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reload {
	struct app *app;
	struct config *fresh;
};

static struct ring *done;

static void take_over(struct app *a, struct config *fresh)
{
	unsigned parts = config_compare(a->config, fresh);
	struct records_db *db = NULL;
	struct event ev;
	char text[128];
	int err;

	if (parts & CONFIG_PARTS_RESTART) {
		config_parts_text(parts & CONFIG_PARTS_RESTART, text, sizeof(text));
		log_warn("app", "these changes wait for a restart: %s", text);
	}
	/* what needs a restart stays as it runs; the rest is taken over */
	memcpy(a->config->measures, fresh->measures, sizeof(fresh->measures));
	memcpy(a->config->cards, fresh->cards, sizeof(fresh->cards));
	memcpy(a->config->node.trunks, fresh->node.trunks, sizeof(fresh->node.trunks));
	a->config->node.trunk_count = fresh->node.trunk_count;
	if (!(parts & CONFIG_PART_ORGANISATION_SET))
		memcpy(a->config->node.organisations, fresh->node.organisations,
		       sizeof(fresh->node.organisations));
	memcpy(&a->config->node.delivery, &fresh->node.delivery, sizeof(fresh->node.delivery));
	app_delivery_configure(a);
	log_level_set(fresh->node.log_level);
	err = records_borrow(a->records, 0, &db);
	for (unsigned i = 0; i < a->org_count && !err; i++)
		err = app_org_load(&a->org[i], db);
	if (!err)
		err = app_credentials_load(a, db);
	records_return(a->records, db);
	if (err)
		log_error("app", "the directory can't be read again: %s", strerror(err));
	app_sip_trunks(a);
	for (unsigned i = 0; i < a->org_count; i++)
		app_trunk_rules(&a->org[i]);
	sip_room_tls_reload(a->sip);
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_MEASURES;
	for (unsigned i = 0; i < a->org_count; i++) {
		app_event(&a->org[i], &ev);
		app_sounds_directory(a, &a->org[i]);
	}
	log_info("app", "the configuration is in force");
}

static void on_done(int flags, void *arg)
{
	struct app *a = arg;
	struct reload r;

	(void)flags;
	ring_quiet(done);
	while (ring_take(done, &r)) {
		if (r.fresh)
			take_over(a, r.fresh);
		config_free(r.fresh);
		atomic_store(&a->reloading, false);
	}
}

static void *reload_main(void *arg)
{
	static struct config_errors errors;
	struct reload r = {arg, NULL};

	memset(&errors, 0, sizeof(errors));
	if (config_load(r.app->config_path, &r.fresh, &errors)) {
		config_errors_print(&errors, r.app->catalogue, lang_name(r.app->lang), stderr);
		log_error("app", "the configuration has errors: nothing is changed");
		r.fresh = NULL;
	}
	ring_push(done, &r);
	return NULL;
}

int app_reload_open(struct app *a)
{
	int err = ring_alloc(&done, sizeof(struct reload), 2);

	return err ? err : fd_listen(ring_fd(done), FD_READ, on_done, a);
}

void app_reload(struct app *a)
{
	pthread_t t;

	if (atomic_exchange(&a->reloading, true)) {
		log_warn("app", "the configuration is being read already");
		return;
	}
	if (pthread_create(&t, NULL, reload_main, a)) {
		atomic_store(&a->reloading, false);
		log_error("app", "no thread to read the configuration with");
		return;
	}
	pthread_detach(t);
}
