using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// An operator and a guardrail that are one version apart: what a release wrote is read as it was meant, fields that are not known are
/// passed over, and fields that are absent have a value that lets no money go.
/// </summary>
public sealed class SkewTests
{
    private const string Must = "must be there";
    private const string None = "none";

    /// <summary>What each field means where it is absent: its value as JSON, nothing, or that the document is refused.</summary>
    private static readonly Dictionary<string, Dictionary<string, string>> Absent = new(StringComparer.Ordinal)
    {
        ["grant-request"] = new(StringComparer.Ordinal)
        {
            ["holder"] = Must,
            // Counted in the window that is open; totals only grow.
            ["window"] = None,
            ["settled"] = "\"0\"",
            ["unproven"] = "\"0\"",
            ["returned"] = "\"0\"",
            // Nothing is asked for.
            ["wantTotal"] = None,
            ["call"] = None,
            ["also"] = None,
            ["reserved"] = "\"0\"",
            ["overruns"] = "[]",
            ["overruns[].rule"] = Must,
            ["overruns[].model"] = Must,
            ["overruns[].cost"] = "\"0\"",
            ["overruns[].reserved"] = "\"0\"",
            ["overruns[].why"] = Must,
            ["overruns[].at"] = Must,
            ["spend"] = "[]",
            ["spend[].number"] = Must,
            ["spend[].by"] = "[]",
            ["spend[].by[].name"] = Must,
            ["spend[].by[].values"] = "[]",
            ["spend[].by[].values[].value"] = Must,
            ["spend[].by[].values[].cost"] = "\"0\"",
            ["spend[].by[].values[].calls"] = "0",
            ["spend[].runs"] = "[]",
            ["spend[].runs[].id"] = Must,
            ["spend[].runs[].cost"] = "\"0\"",
            ["spend[].perCall"] = None,
            ["spend[].perRun"] = None,
            ["closing"] = "false",
        },
        ["grant-answer"] = new(StringComparer.Ordinal)
        {
            ["outcome"] = Must,
            ["window"] = Must,
            ["windowEnds"] = Must,
            ["granted"] = "\"0\"",
            ["budget"] = None,
            ["cap"] = "\"0\"",
            ["spent"] = "\"0\"",
            ["capTokens"] = None,
            ["spentTokens"] = "0",
            // What was refused stays refused.
            ["refused"] = None,
            ["refused[].rule"] = Must,
            ["refused[].why"] = Must,
            // Nothing is acknowledged: it is told again.
            ["noted"] = "0",
            ["reclaim"] = "false",
        },
        ["termination-message"] = new(StringComparer.Ordinal)
        {
            ["lastReports"] = Must,
            ["lastReports[].holder"] = Must,
            ["lastReports[].window"] = None,
            ["lastReports[].settled"] = Must,
            ["lastReports[].unproven"] = Must,
            ["lastReports[].returned"] = Must,
        },
        // An absent declaration is none, as it always was; the times and limits of output are those of a spec that names none.
        ["guardrail-config"] = new(StringComparer.Ordinal)
        {
            ["agent"] = Must,
            ["agent.namespace"] = Must,
            ["agent.name"] = Must,
            ["agent.revision"] = Must,
            ["agent.track"] = Must,
            ["inbound"] = "[]",
            ["inbound[].name"] = Must,
            ["inbound[].listenPort"] = Must,
            ["inbound[].targetPort"] = Must,
            ["upstreams"] = "[]",
            ["upstreams[].name"] = Must,
            ["upstreams[].format"] = Must,
            ["upstreams[].url"] = Must,
            ["upstreams[].keyFile"] = None,
            ["upstreams[].caFile"] = None,
            ["upstreams[].proxy"] = None,
            // Calls go nowhere else, as before a fallback could be declared.
            ["upstreams[].fallback"] = None,
            ["upstreams[].fallback.upstream"] = Must,
            ["upstreams[].fallback.models"] = "[]",
            ["upstreams[].fallback.models[].from"] = Must,
            ["upstreams[].fallback.models[].to"] = Must,
            ["allowedModels"] = "[]",
            ["maxOutputTokens"] = "4096",
            ["minOutputTokens"] = "256",
            ["modelCall"] = """{"timeout":"60s","attempts":1}""",
            ["modelCall.timeout"] = "\"60s\"",
            ["modelCall.firstByteTimeout"] = None,
            ["modelCall.eventTimeout"] = None,
            ["modelCall.attempts"] = "1",
            ["toolCall"] = """{"timeout":"15s","eventTimeout":"60s","attempts":1}""",
            ["toolCall.timeout"] = "\"60s\"",
            ["toolCall.firstByteTimeout"] = None,
            ["toolCall.eventTimeout"] = None,
            ["toolCall.attempts"] = "1",
            // What is not declared refuses nothing, as before it could be declared; repeats are only made where they are declared, too.
            ["reliability"] = None,
            ["reliability.observe"] = "false",
            ["reliability.retryBudgetPercent"] = None,
            ["reliability.refusal"] = None,
            ["reliability.refusal.statusCode"] = "422",
            ["reliability.refusal.message"] = None,
            ["reliability.refusal.path"] = None,
            ["reliability.refusal.cannotAnswerAfter"] = None,
            ["reliability.circuitBreaker"] = None,
            ["reliability.circuitBreaker.failurePercent"] = "50",
            ["reliability.circuitBreaker.minimumCalls"] = "20",
            ["reliability.circuitBreaker.openFor"] = "\"30s\"",
            ["reliability.circuitBreaker.window"] = "\"60s\"",
            ["reliability.circuitBreaker.slowCallAfter"] = None,
            ["reliability.circuitBreaker.slowCallPercent"] = None,
            ["reliability.maxConcurrentCalls"] = "0",
            ["reliability.readOnlyTools"] = "[]",
            ["sideEffects"] = None,
            ["sideEffects.tools"] = Must,
            ["sideEffects.window"] = "\"24h\"",
            // Nobody looks for failures, as before they could be declared.
            ["toolFailures"] = None,
            ["toolFailures.action"] = Must,
            ["toolFailures.stopAfter"] = "3",
            ["toolFailures.failures"] = "[]",
            ["toolFailures.failures[].tool"] = Must,
            ["toolFailures.failures[].pattern"] = None,
            ["toolFailures.failures[].path"] = None,
            ["toolFailures.failures[].value"] = None,
            ["toolFailures.failures[].empty"] = "false",
            ["toolSchemas"] = None,
            ["toolSchemas.check"] = None,
            ["toolSchemas.refuseUnknown"] = "false",
            ["toolSchemas.onChange"] = None,
            // Nobody screens, as before that could be declared.
            ["screening"] = None,
            ["screening.mode"] = Must,
            // Nobody looks at windows, as before that could be declared.
            ["context"] = None,
            ["context.onOverflow"] = Must,
            ["context.reservePercent"] = "5",
            ["context.refuseUnknown"] = "false",
            // No fault is made, as before any could be declared.
            ["chaos"] = None,
            ["chaos[].id"] = Must,
            ["chaos[].eval"] = Must,
            ["chaos[].seed"] = "0",
            ["chaos[].faults"] = Must,
            ["chaos[].faults[].fault"] = Must,
            ["chaos[].faults[].upstream"] = None,
            ["chaos[].faults[].tool"] = None,
            ["chaos[].faults[].percent"] = Must,
            ["chaos[].faults[].delay"] = None,
            ["chaos[].faults[].text"] = None,
            ["limits"] = None,
            ["limits.callMaxCost"] = None,
            ["limits.maxCost"] = None,
            ["limits.maxTokens"] = "0",
            ["limits.maxSteps"] = "0",
            ["limits.maxToolCalls"] = "0",
            ["limits.maxRepeats"] = "0",
            ["limits.maxDuration"] = None,
            ["limits.requestsPerMinute"] = "0",
            ["limits.tokensPerMinute"] = "0",
            ["attribution"] = "[]",
            ["clientAttribution"] = "[]",
            ["drainToken"] = None,
            ["otlpEndpoint"] = None,
            // Limits are enforced, not only observed.
            ["observe"] = "false",
            ["allowedTools"] = "[]",
            ["allowedOrigins"] = "[]",
            ["drainTimeout"] = "\"30s\"",
            ["ephemeral"] = "false",
            ["budget"] = None,
            ["budget.url"] = Must,
            ["budget.caFile"] = Must,
            ["budget.tokenFile"] = Must,
            ["budget.observe"] = "false",
            ["budget.maxWait"] = "\"2s\"",
            ["budget.failoverWait"] = "\"45s\"",
        },
    };

    public static TheoryData<string> Forms => [.. WireForm.All.Select(form => form.Name)];

    public static TheoryData<string, string> ReleasedForms
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var version in WireForm.Releases)
            {
                foreach (var form in WireForm.All.Where(form => File.Exists(WireForm.PathOf(version, form.Name))))
                    data.Add(version, form.Name);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ReleasedForms))]
    public void What_a_release_wrote_is_read_and_written_with_the_same_meaning(string version, string name)
    {
        var form = WireForm.Of(name);
        var released = form.Released(version);
        JsonObject again;
        try
        {
            again = form.Again(released);
        }
        catch (JsonException exception)
        {
            throw new Xunit.Sdk.XunitException($"What {version} wrote as {name} is refused: {exception.Message}. {WireForm.Remedy}");
        }
        foreach (var path in Lost(released, again, string.Empty))
            Assert.Fail($"{name}: {path} is not read, or not written, as {version} does. {WireForm.Remedy}");
    }

    [Fact]
    public void The_first_release_is_held()
    {
        WireForm.Releases[0].ShouldBe("0.1.0");
        ReleasedForms.Count.ShouldBe(WireForm.Releases.Count * WireForm.All.Count, "a released form was deleted");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_field_is_listed_with_what_it_means_when_it_is_absent(string name)
    {
        var fields = WireForm.Of(name).Fields();
        foreach (var path in fields.Keys.Except(Absent[name].Keys))
            Assert.Fail($"{name}: {path} is new. {WireForm.Remedy}");
        foreach (var path in Absent[name].Keys.Except(fields.Keys))
            Assert.Fail($"{name}: {path} is gone. {WireForm.Remedy}");
        foreach (var (path, must) in fields)
            must.ShouldBe(Absent[name][path] == Must, $"{name}: {path} is {(must ? "" : "not ")}required now. {WireForm.Remedy}");
        // A file without one of them would test nothing of it.
        foreach (var path in WireForm.Places(WireForm.Of(name).Released("0.1.0")).Select(place => place.Path).Except(fields.Keys))
            Assert.Fail($"{name}: {path} of 0.1.0 is known to nobody. {WireForm.Remedy}");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Fields_of_a_newer_version_are_passed_over_at_every_level(string name)
    {
        var form = WireForm.Of(name);
        var plain = form.Whole();
        var levels = WireForm.Objects(plain).Count();
        for (var level = 0; level < levels; level++)
        {
            foreach (var first in (bool[])[true, false])
            {
                var newer = (JsonObject)plain.DeepClone();
                AddUnknown(WireForm.Objects(newer).ElementAt(level), first);
                form.Again(newer).ToJsonString().ShouldBe(form.Again(plain).ToJsonString(), $"{name}, object {level}. {WireForm.Remedy}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Each_field_can_be_absent_and_then_has_its_safe_value_or_the_document_is_refused(string name)
    {
        var form = WireForm.Of(name);
        var whole = form.Whole();
        var paths = WireForm.Places(whole).Select(place => place.Path).ToList();
        paths.Distinct().Order().ShouldBe(Absent[name].Keys.Order(), $"the released file of {name} has not every field");
        for (var i = 0; i < paths.Count; i++)
        {
            var older = (JsonObject)whole.DeepClone();
            var (path, parent, field) = WireForm.Places(older).ElementAt(i);
            parent.Remove(field);
            if (Absent[name][path] == Must)
            {
                Should.Throw<JsonException>(() => form.Again(older), $"{name} without {path}").Message.ShouldContain(field);
                continue;
            }
            var read = form.Again(older);
            if (Absent[name][path] != None)
                parent[field] = JsonNode.Parse(Absent[name][path]);
            JsonNode.DeepEquals(read, older).ShouldBeTrue($"{name} without {path} is read as {read.ToJsonString()}. {WireForm.Remedy}");
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("5")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("\"\"")]
    [InlineData("\"0\"")]
    [InlineData("\"5\"")]
    [InlineData("\"granted\"")]
    [InlineData("\"GRANTED\"")]
    [InlineData("\" Granted\"")]
    [InlineData("\"Granted,Held\"")]
    [InlineData("\"GrantedInPart\"")]
    [InlineData("[\"Granted\"]")]
    public void An_outcome_that_is_not_listed_makes_no_answer(string word) => Should.Throw<JsonException>(() => Read(word));

    [Fact]
    public void Only_the_listed_outcomes_are_read()
    {
        string[] listed = ["Granted", "Held", "Exhausted", "WindowOver", "HolderClosed", "Unlimited"];
        Enum.GetNames<GrantOutcome>().ShouldBe(listed, $"a guardrail of a release knows no other. {WireForm.Remedy}");
        foreach (var word in listed)
            Read(JsonSerializer.Serialize(word)).Outcome.ToString().ShouldBe(word);
        Gen.Select(Gen.Int[0, listed.Length - 1], Gen.Int[0, 11], Gen.Char.AlphaNumeric, Gen.Int[0, 2])
            .Select(
                (chosen, place, letter, kind) =>
                {
                    var word = listed[chosen];
                    var at = place % word.Length;
                    return kind switch
                    {
                        0 => word[..at] + (char)(word[at] ^ ' ') + word[(at + 1)..],
                        1 => word[..at] + letter + word[at..],
                        _ => chosen.ToString(CultureInfo.InvariantCulture),
                    };
                }
            )
            .Where(word => !listed.Contains(word))
            .Sample(word => Should.Throw<JsonException>(() => Read(JsonSerializer.Serialize(word)), word));
    }

    [Theory]
    [InlineData("\"1/2/3\"")]
    [InlineData("\"1 EUR\"")]
    [InlineData("{\"cost\":\"1\"}")]
    [InlineData("1")]
    [InlineData("null")]
    public void A_grant_in_another_form_makes_no_answer(string granted)
    {
        var answer = WireForm.Of("grant-answer").Newest();
        answer["granted"] = JsonNode.Parse(granted);
        Should.Throw<JsonException>(() => WireForm.Of("grant-answer").Again(answer));
    }

    [Fact]
    public void The_termination_message_of_a_newer_guardrail_is_heard()
    {
        var released = WireForm.Of("termination-message").Newest();
        var message = released.ToJsonString();
        message.ShouldStartWith(FinalReports.Prefix, Case.Sensitive, WireForm.Remedy);
        var report = FinalReports.TryRead(message).ShouldNotBeNull().Reports.ShouldHaveSingleItem();
        foreach (var fields in WireForm.Objects(released).ToList())
            AddUnknown(fields, first: false);
        FinalReports.TryRead(released.ToJsonString()).ShouldNotBeNull(WireForm.Remedy).Reports.ShouldHaveSingleItem().ShouldBe(report);
    }

    [Fact]
    public void A_guardrail_writes_the_termination_message_as_released()
    {
        var closing = JsonSerializer.Deserialize(WireForm.Of("grant-request").Newest().ToJsonString(), ContractsJson.Default.GrantRequest)!;
        FinalReports.Write([closing]).ShouldBe(WireForm.Of("termination-message").Newest().ToJsonString(), WireForm.Remedy);
    }

    private static GrantResponse Read(string outcome)
    {
        var answer = WireForm.Of("grant-answer").Newest();
        answer["outcome"] = JsonNode.Parse(outcome);
        return JsonSerializer.Deserialize(answer.ToJsonString(), ContractsJson.Default.GrantResponse)!;
    }

    /// <summary>Fields of every kind that nobody knows today.</summary>
    internal static void AddUnknown(JsonObject fields, bool first)
    {
        var known = fields.ToList();
        if (first)
            fields.Clear();
        fields["newText"] = "Granted";
        fields["newNumber"] = 1;
        fields["newNothing"] = null;
        fields["newObject"] = new JsonObject { ["granted"] = "1000000", ["outcome"] = 0 };
        fields["newList"] = new JsonArray(new JsonObject { ["holder"] = 1 }, "x", null);
        if (!first)
            return;
        foreach (var (name, value) in known)
            fields[name] = value;
    }

    private static IEnumerable<string> Lost(JsonNode? before, JsonNode? after, string path) =>
        (before, after) switch
        {
            (JsonObject a, JsonObject b) => a.SelectMany(field => Lost(field.Value, b[field.Key], $"{path}.{field.Key}")),
            (JsonArray a, JsonArray b) when a.Count == b.Count => a.SelectMany((item, i) => Lost(item, b[i], $"{path}[{i}]")),
            _ => JsonNode.DeepEquals(before, after) ? [] : [path.TrimStart('.')],
        };
}
