# SPDX-License-Identifier: Apache-2.0
#
# Lines of measure with the case in front -> for each case and contender medians, the 10th
# percentile, and the ratio of hasu to it, run by run.
def sorted_at(p): sort | if length == 0 then null else .[((length - 1) * p) | floor] end;
def median: sort | if length == 0 then null
    elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2] + .[length / 2 - 1]) / 2 end;
def figures: { median: median, p10: sorted_at(0.1) };

[inputs | split("\t") | select(length == 7) | { case: .[0], run: (.[1] | tonumber), name: .[2],
    wall: (.[3] | tonumber), cpu: (.[4] | tonumber), peak: (.[5] | tonumber), status: .[6] }
    | select(.run > 0)] as $all
| ($extra | split("\n") | map(select(. != "") | split("\t"))) as $extra
| $about[0] as $about
| $about + {
    cases: [$about.titles | keys_unsorted[] as $case
        | ($all | map(select(.case == $case))) as $of
        | ($of | map(select(.name == "hasu")) | INDEX(.run)) as $hasu
        | { case: $case, title: $about.titles[$case],
            contenders: [$of | map(.name) | reduce .[] as $n ([]; if index($n) then . else . + [$n] end)
                | .[] as $name
                | ($of | map(select(.name == $name))) as $its
                | { name: $name, runs: ($its | length),
                    failed: ($its | map(select(.status != "0")) | length),
                    cpu_us: ($its | map(.cpu) | figures), wall_us: ($its | map(.wall) | figures),
                    peak_kb: ($its | map(.peak) | median),
                    hasu_cpu: ([$its[] | . as $i | $hasu[.run | tostring] // empty
                        | select($i.cpu > 0) | .cpu / $i.cpu] | median),
                    hasu_wall: ([$its[] | . as $i | $hasu[.run | tostring] // empty
                        | .wall / $i.wall] | median) }] }],
    init_anonymous_kb: ($extra | map(select(.[0] == "init") | { (.[1]): (.[2] | tonumber) }) | add),
    run_system_calls: ($extra | map(select(.[0] == "calls") | { (.[1]): (.[2] | tonumber) }) | add)
}
