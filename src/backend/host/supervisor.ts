// The supervisor: one small shell process per task, in its own session, that outlives the server.
// It is the only writer of started.json, info.json (through bwrap) and exit.json; the server only reads them.

/**
 * POSIX sh (tried with dash). Arguments: task folder, path of bwrap, then the command inside the sandbox.
 * - started.json is linked into place: link(2) fails when the name exists, and the content is whole from the first
 *   moment. So of any number of supervisors for one task exactly one goes on (decisions.md 1.4, 1.5).
 * - `trap :` (not `trap ''`) survives TERM, INT and HUP without handing ignored signals down to the task.
 * - Only the child enters the cgroups: when memory runs out the supervisor must live to tell.
 * - exit.draft was made with the folder, so writing the exit code needs no free block.
 */
export const SUPERVISOR_SCRIPT = `#!/bin/sh
set -uf
umask 077
trap : HUP INT TERM
folder=$1 bwrap=$2
shift 2
cd "$folder" || exit 1
read -r stat </proc/$$/stat || exit 1
read -r boot </proc/sys/kernel/random/boot_id || exit 1
ticks=$(set -- \${stat##*) }; shift 19; echo "$1")
printf '{"pid":%d,"startTicks":%d,"bootId":"%s"}\\n' $$ "$ticks" "$boot" >started.$$ || exit 1
ln started.$$ started.json 2>/dev/null || { rm -f started.$$; exit 0; }
(
  while read -r procs; do
    echo 0 >"$procs" || exit 125
  done <cgroups
  exec "$bwrap" --args 3 --json-status-fd 4 -- "$@" 3<bwrap-args 4>info.json
)
code=$?
printf '{"code":%d}' "$code" 1<>exit.draft && mv exit.draft exit.json
: >"../.ended/\${folder##*/}"
rm -f started.$$
`
