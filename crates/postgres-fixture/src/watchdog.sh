# Ends a PostgreSQL server and removes its folder when whoever started both is gone: then the pipe
# that is this script's input has no writer left. $1 is the folder.
cat >/dev/null
pid_file=$1/data/postmaster.pid
# A number left over by a server that is no more may name somebody else's process by now.
if read -r pid <"$pid_file" && { [ ! -d /proc/self ] || [ "/proc/$pid/cwd" -ef "$1/data" ]; }; then
    # What is stopped cannot end.
    for process in /proc/[0-9]*; do
        read -r stat <"$process/stat" || continue
        rest=${stat##*) }
        rest=${rest#* }
        if [ "${rest%% *}" = "$pid" ]; then
            kill -CONT "${process#/proc/}"
        fi
    done
    kill -CONT "$pid"
    kill -QUIT "$pid"
    tries=0
    while [ -e "$pid_file" ] && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    if [ -e "$pid_file" ]; then
        kill -KILL "$pid"
    fi
fi
rm -rf "$1"
