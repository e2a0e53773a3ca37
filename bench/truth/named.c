// SPDX-License-Identifier: Apache-2.0
/*
 * Connects to a name.
 *
 *     named NAME PORT [wait]
 *
 * With `wait` it first waits for the end of its input.
 */
#include "lookup.h"

int main(int count, char **arguments)
{
	char byte;

	if (count < 3)
		give_up("named", "usage: named NAME PORT [wait]");
	while (count > 3 && read(0, &byte, 1) > 0)
		;
	connect_to(looked_up(arguments[1], arguments[2]));
	return 0;
}
