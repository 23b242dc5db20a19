"""Training spread over a cluster: each partition of an RDD is piped into a training of its own,
and the models are merged."""

import json
import os
import random
import subprocess
import sys
import tempfile

from pyspark import SparkConf, SparkContext


def rows(n):
    """Lines of an http.log in JSON, a minute of time for each ten of them."""
    r = random.Random(5)
    for i in range(n):
        yield json.dumps(
            {
                "ts": 1.7e9 + i * 6.0 + r.random(),
                "uid": f"C{i:x}",
                "id.orig_h": f"10.0.0.{r.randrange(40)}",
                "id.resp_h": f"192.0.2.{r.randrange(9)}",
                "id.resp_p": r.choice([80] * 20 + [8080, 8000]),
                "trans_depth": 1,
                "method": r.choice(["GET"] * 9 + ["POST"]),
                "host": f"site{min(int(r.expovariate(0.3)), 30)}.example",
                "uri": f"/page{min(int(r.expovariate(0.05)), 90)}",
                "request_body_len": 0,
                "response_body_len": int(r.lognormvariate(8, 2)),
                "status_code": r.choice([200] * 15 + [304, 404]),
            }
        )


def main():
    command, n, parts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(work, "http.log")
        with open(log, "w") as f:
            f.writelines(line + "\n" for line in rows(n))
        conf = SparkConf().setMaster("local[2]").setAppName("train").set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
        spark = SparkContext(conf=conf)
        spark.setLogLevel("ERROR")
        # Each partition's lines go to the standard input of a training; what comes out is the
        # name of its model. On a real cluster that is a place which all machines see.
        train = f"m=$(mktemp {work}/part-XXXXXX) && {command} train -q -o $m - && echo $m"
        models = spark.textFile(log, parts).pipe(f"sh -c '{train}'").collect()
        spark.stop()
        merged, whole = os.path.join(work, "merged"), os.path.join(work, "whole")
        subprocess.run([command, "merge", "-q", "-o", merged, *models], check=True)
        subprocess.run([command, "train", "-q", "-o", whole, log], check=True)

        def scores(model):
            out = subprocess.run(
                [command, "score", "-q", "-m", model, "--all", "--format", "jsonl", log],
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
            return [json.loads(line)["score"] for line in out.splitlines()]

        a, b = scores(merged), scores(whole)
        assert len(a) == len(b) == n, (len(a), len(b))
        worst = max(abs(x - y) for x, y in zip(a, b))
        same = open(merged, "rb").read() == open(whole, "rb").read()
        print(
            f"{len(models)} partitions, {n} rows: largest difference of a score {worst:.3g}; "
            f"{'the same bytes' if same else 'other bytes'}"
        )
        assert len(models) >= parts
        # All rows are kept up to 20,000 in a partition: then nothing differs.
        assert worst <= (0.0 if n <= 20_000 else 0.3), worst


if __name__ == "__main__":
    main()
