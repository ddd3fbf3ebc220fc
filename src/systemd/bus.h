/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h - the way to a systemd, and its jobs. Every wait is bounded.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct manager {
	sd_bus *bus;
	bool user;
	/* The last ends of jobs, as signals tell them, whoever sent those. */
	struct job_end {
		char sender[256], path[256], result[32];
	} ends[16];
	unsigned n_ends;
};

/*
 * Connect to the manager of the system, or of the user who calls: by the bus, or by its private
 * socket where there is no bus.
 */
int manager_open(bool user, struct manager *ret, struct err *e);
void manager_close(struct manager *m);

/* A call of the manager's, to be filled. */
int manager_new_call(struct manager *m, const char *method, sd_bus_message **ret, struct err *e);

/*
 * Make the call. ret_reply may be NULL. what: "starting a.scope". ret_error keeps systemd's own
 * name and words of the error; the caller frees it.
 */
int manager_call(struct manager *m, sd_bus_message *call, const char *what,
	sd_bus_message **ret_reply, sd_bus_error *ret_error, struct err *e);

/* The same for a call that answers with a job: until that has ended well. */
int manager_call_job(struct manager *m, sd_bus_message *call, const char *what,
	sd_bus_error *ret_error, struct err *e);

/* Text property ActiveState of a unit that is loaded; false: there is none. */
bool manager_active_state(struct manager *m, const char *unit, char *ret, size_t size);
