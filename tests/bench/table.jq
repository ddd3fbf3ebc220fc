# SPDX-License-Identifier: Apache-2.0
#
# The report as a table for people.
def pad(n): tostring | . + (" " * ([n - length, 0] | max));
def rpad(n): tostring | (" " * ([n - length, 0] | max)) + .;
def ratio: if . == null then "-" else (. * 100 | round / 100 | tostring
    | if test("\\.") then . + "0" * (2 - (split(".")[1] | length)) else . + ".00" end) end;
def whole: if . == null then "-" else round end;

"\(.date), Linux \(.kernel), \(.cpu), cgroup \(.cgroups), \(.runs) runs in turn",
(.versions | join("; ")),
"",
(.cases[] | .title,
    ("  " + ("" | pad(20)) + ("CPU us" | rpad(9)) + ("p10" | rpad(8)) + ("wall us" | rpad(9))
        + ("peak KB" | rpad(9)) + ("hasu/it CPU" | rpad(13)) + ("wall" | rpad(7))),
    (.contenders[] | "  " + (.name | split("/") | last | pad(20)) + (.cpu_us.median | whole | rpad(9))
        + (.cpu_us.p10 | whole | rpad(8)) + (.wall_us.median | whole | rpad(9))
        + (.peak_kb | whole | rpad(9)) + (.hasu_cpu | ratio | rpad(13)) + (.hasu_wall | ratio | rpad(7))
        + (if .failed > 0 then "  \(.failed) of \(.runs) FAILED" else "" end)),
    ""),
(if .init_anonymous_kb then "anonymous memory of a created container's init, KB: "
    + (.init_anonymous_kb | to_entries | map("\(.key | split("/") | last) \(.value)") | join(", ")) else empty end),
(if .run_system_calls then "system calls of a run: "
    + (.run_system_calls | to_entries | map("\(.key | split("/") | last) \(.value)") | join(", ")) else empty end)
