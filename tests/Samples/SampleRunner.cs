using System.Globalization;
using System.Security;
using System.Text;
using System.Text.Json.Nodes;

namespace AgentReadiness.Samples;

/// <summary>
/// A runner of a job suite: it asks the agent about orders, writes what came of it in the shape of a tool's results file, and ends with
/// that tool's exit code. In other manners it misbehaves as runners do.
/// </summary>
public static class SampleRunner
{
    private const int FirstOrder = 1001;

    /// <summary>Runs the verb <c>runner FORMAT [CASES] [MANNER]</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var format = arguments.ElementAtOrDefault(0) ?? "promptfoo";
        var cases = int.Parse(arguments.ElementAtOrDefault(1) ?? "12", CultureInfo.InvariantCulture);
        var manner = arguments.ElementAtOrDefault(2) ?? "well";
        var path = Environment.GetEnvironmentVariable("RESULTS_PATH")!;
        if (manner == "hang")
            await Task.Delay(Timeout.Infinite);
        if (manner == "nothing")
            return 0;
        var results = await AskAsync(new Uri(Environment.GetEnvironmentVariable("AGENT_URL")!), cases);
        var text = format switch
        {
            "promptfoo" => Promptfoo(results, manner == "lie" ? 1 : 0),
            "inspect" => Inspect(results),
            "junit" => JUnit(results),
            _ => throw new ArgumentException($"no such format: {format}"),
        };
        await File.WriteAllTextAsync(path, manner == "half" ? text[..(text.Length / 2)] : text);
        if (manner == "crash")
            Environment.FailFast("as told");
        return results.TrueForAll(one => one.Passed) ? 0
            : format == "promptfoo" ? 100
            : 1;
    }

    private static async Task<List<(string Id, bool Passed)>> AskAsync(Uri agent, int cases)
    {
        using var client = new HttpClient { BaseAddress = agent, Timeout = TimeSpan.FromSeconds(60) };
        var results = new List<(string, bool)>();
        // More cases than a few are the same questions again: what counts is how much there is to read.
        var known = new Dictionary<int, bool>();
        for (var index = 0; index < cases; index++)
        {
            var order = FirstOrder + (index % 12);
            if (!known.TryGetValue(order, out var passed))
            {
                using var response = await client.PostAsJsonAsync(
                    "v1/chat/completions",
                    new { model = "agent", messages = new[] { new { role = "user", content = $"Where is my order #{order}?" } } }
                );
                response.EnsureSuccessStatusCode();
                var answer = (await response.Content.ReadFromJsonAsync<JsonNode>())!["choices"]![0]!["message"]![
                    "content"
                ]!.GetValue<string>();
                known[order] = passed = answer.Contains($"order #{order} is", StringComparison.Ordinal);
            }
            results.Add(($"order-{order}-{index:00000}", passed));
        }
        return results;
    }

    private static string Promptfoo(List<(string Id, bool Passed)> results, int lie) =>
        new JsonObject
        {
            ["evalId"] = "eval-sample",
            ["results"] = new JsonObject
            {
                ["version"] = 3,
                ["results"] = new JsonArray([
                    .. results.Select(
                        (one, index) =>
                            new JsonObject
                            {
                                ["promptIdx"] = 0,
                                ["testIdx"] = index,
                                ["success"] = one.Passed,
                                ["score"] = one.Passed ? 1 : 0,
                                ["failureReason"] = one.Passed ? 0 : 1,
                                ["provider"] = new JsonObject { ["id"] = "http" },
                                ["gradingResult"] = new JsonObject { ["pass"] = one.Passed, ["score"] = one.Passed ? 1 : 0 },
                                ["testCase"] = new JsonObject
                                {
                                    ["description"] = one.Id,
                                    ["vars"] = new JsonObject { ["order"] = one.Id },
                                    ["assert"] = new JsonArray(new JsonObject { ["type"] = "contains", ["value"] = "order" }),
                                },
                            }
                    ),
                ]),
                ["stats"] = new JsonObject
                {
                    ["successes"] = results.Count(one => one.Passed) + lie,
                    ["failures"] = results.Count(one => !one.Passed),
                    ["errors"] = 0,
                },
            },
            ["config"] = new JsonObject(),
        }.ToJsonString();

    private static string Inspect(List<(string Id, bool Passed)> results) =>
        new JsonObject
        {
            ["version"] = 2,
            ["status"] = "success",
            ["eval"] = new JsonObject { ["task"] = "support", ["model"] = "openai/agent" },
            ["results"] = new JsonObject { ["total_samples"] = results.Count, ["completed_samples"] = results.Count },
            ["samples"] = new JsonArray([
                .. results.Select(one => new JsonObject
                {
                    ["id"] = one.Id,
                    ["epoch"] = 1,
                    ["scores"] = new JsonObject { ["match"] = new JsonObject { ["value"] = one.Passed ? "C" : "I" } },
                }),
            ]),
        }.ToJsonString();

    private static string JUnit(List<(string Id, bool Passed)> results)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"<testsuites><testsuite name=\"pytest\" tests=\"{results.Count}\" failures=\"{results.Count(one => !one.Passed)}\" "
                + $"errors=\"0\" skipped=\"0\">"
        );
        foreach (var (id, passed) in results)
            text.Append(
                CultureInfo.InvariantCulture,
                $"<testcase classname=\"tests.support\" "
                    + $"name=\"{SecurityElement.Escape(id)}\">{(passed ? "" : "<failure message=\"wrong\"/>")}</testcase>"
            );
        return text.Append("</testsuite></testsuites>").ToString();
    }
}
