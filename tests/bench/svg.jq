# SPDX-License-Identifier: Apache-2.0
#
# The report as bars: CPU time of each contender, case by case, the longest of a case as the measure.
def text(x; y; size; words): "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\">\(words | @html)</text>";
def colour: { floor: "#9aa0a6", hasu: "#c2185b" }[.] // "#5c6bc0";
def height: 34 + (.contenders | length) * 20;
. as $all
| ([.cases[] | height] | add // 0) as $sum
| "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 \($sum + 70)\" font-family=\"sans-serif\" fill=\"#202124\">",
  "<rect width=\"760\" height=\"\($sum + 70)\" fill=\"#ffffff\"/>",
  text(20; 30; 18; "CPU time of containers, medians in microseconds"),
  text(20; 48; 11; "\($all.date), Linux \($all.kernel), \($all.cpu), cgroup \($all.cgroups), \($all.runs) runs in turn"),
  (foreach .cases[] as $c ({ y: 70, h: 0 }; { y: (.y + .h), h: ($c | height) };
    .y as $y | ([$c.contenders[].cpu_us.median] | max) as $max
    | text(20; $y + 14; 13; $c.title),
      ($c.contenders | to_entries[] | .key as $i | .value
        | ($y + 22 + $i * 20) as $row | ([460 * .cpu_us.median / ([$max, 1] | max), 1] | max) as $width
        | text(30; $row + 12; 11; .name | split("/") | last),
          "<rect x=\"120\" y=\"\($row)\" width=\"\($width)\" height=\"15\" rx=\"2\" fill=\"\(.name | colour)\"/>",
          text(126 + $width; $row + 12; 11; "\(.cpu_us.median | round)\(if .name == "hasu" then "" elif .hasu_cpu then " \u00a0(hasu: \(.hasu_cpu * 100 | round / 100) of it)" else "" end)")))),
  "</svg>"
