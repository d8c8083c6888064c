using System.CommandLine;
using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Cli;
using k8s;

namespace AgentReadiness.Readiness.Tests;

/// <summary>
/// Every check has at least one object that fails it and no other check, and every rule names a check. An agent goes through
/// `kubectl agents check`, which looks at its shape as well; budgets and suites go through the rules that the operator applies.
/// </summary>
public sealed partial class RuleTests
{
    private const string Later = "2030-01-01T00:00:00Z";

    private static readonly IReadOnlyDictionary<string, string> Sound = new Dictionary<string, string>
    {
        ["agent"] = """
            {"apiVersion":"agentreadiness.dev/v1alpha1","kind":"AgentDeployment","metadata":{"name":"support","namespace":"shop"},"spec":{
            "template":{"spec":{"containers":[{"name":"agent","image":"agent:1"}]}},
            "ports":[{"name":"http","port":80,"targetPort":8080}],
            "evals":[{"suite":{"name":"golden"},"minScore":"0.90"}],
            "budget":{"windows":[{"period":"Day","maxCost":"50"}]},
            "guardrails":{"upstreams":[{"name":"openai","format":"OpenAI","url":"https://provider/v1",
            "credentials":{"secretRef":{"name":"openai","key":"api-key"}}}]}}}
            """,
        ["budget"] = """{"metadata":{"name":"team"},"spec":{"windows":[{"period":"Day","maxCost":"50"}]}}""",
        ["builtin suite"] = """{"metadata":{"name":"golden"},"spec":{"builtin":{"cases":{"name":"cases","key":"cases.jsonl"}}}}""",
        ["job suite"] = """{"metadata":{"name":"golden"},"spec":{"job":{"template":{"spec":{"containers":[{"name":"runner"}]}}}}}""",
    };

    private static string Fallback(string fallback, string allow = "[]", string format = "OpenAI") =>
        $$$"""
            {"models":{"allow":{{{allow}}}},"upstreams":[
              {"name":"a","format":"{{{format}}}","url":"https://a/v1","fallback":{{{fallback}}}},
              {"name":"b","format":"{{{format}}}","url":"https://b/v1"},
              {"name":"c","format":"Anthropic","url":"https://c"}]}
            """;

    /// <summary>The check, an object, the field that is spoilt, and its new value; no value removes the field.</summary>
    public static TheoryData<string, string, string, string?> Spoilt { get; } =
        new()
        {
            { "MAN-001", "agent", "spec.evals[0].minimumScore", "1" },
            { "MAN-001", "agent", "specs", "{}" },
            { "MAN-002", "agent", "spec.evals[0].minScore", null },
            { "MAN-003", "agent", "spec.evals[0].minScore", "0.9" },
            { "MAN-003", "agent", "spec.budget.windows[0].period", "\"day\"" },
            { "MAN-003", "agent", "spec.budget", "[]" },
            { "MAN-003", "agent", "spec.budget.windows[0].resumedAt", "\"tomorrow\"" },
            { "MAN-003", "agent", "spec.budget.windows[0].resumedAt", "\"2030-01-01T00:00:00\"" },
            { "MAN-004", "agent", "metadata.name", "\"Support\"" },
            { "MAN-005", "agent", "spec.replicas", "-1" },
            { "MAN-006", "agent", "spec.ports", "[]" },
            { "MAN-006", "agent", "spec.ports[0].port", "0" },
            { "MAN-006", "agent", "spec.ports[0].targetPort", "70000" },
            { "MAN-006", "agent", "spec.ports", """[{"name":"a","port":80,"targetPort":8080},{"name":"a","port":80,"targetPort":8081}]""" },
            { "MAN-007", "agent", "spec.ports[0].targetPort", "15080" },
            { "MAN-008", "agent", "spec.template.spec.containers", "[]" },
            { "ROL-001", "agent", "spec.rollout", """{"drain":"soon"}""" },
            { "ROL-001", "agent", "spec.rollout", """{"rollbackWindow":"a week"}""" },
            { "ROL-001", "agent", "spec.rollout", """{"approvalTimeout":"0s"}""" },
            { "ROL-001", "agent", "spec.rollout", """{"progressDeadline":"1s"}""" },
            { "ROL-002", "agent", "spec.rollout", """{"candidateReplicas":0}""" },
            { "ROL-002", "agent", "spec.rollout", """{"historyLimit":21}""" },
            { "ROL-003", "agent", "spec.rollout", """{"strategy":"Canary"}""" },
            { "ROL-003", "agent", "spec.rollout", """{"steps":[{"percent":10,"hold":"1m"}]}""" },
            { "ROL-003", "agent", "spec.rollout", """{"strategy":"Canary","steps":[{"percent":100,"hold":"later"}]}""" },
            { "ROL-004", "agent", "spec.rollout", """{"decision":{"revision":"latest","action":"Promote"}}""" },
            { "ROL-004", "agent", "spec.rollout", """{"decision":{"revision":"0123456789abcde","action":"Retry","attempt":0}}""" },
            { "ROL-005", "agent", "spec.podDisruptionBudget", """{"maxUnavailable":"half"}""" },
            { "GRD-001", "agent", "spec.template.spec.hostNetwork", "true" },
            { "GRD-001", "agent", "spec.template.spec.shareProcessNamespace", "true" },
            { "GRD-002", "agent", "spec.template.spec.volumes", """[{"name":"v","secret":{"secretName":"openai"}}]""" },
            {
                "GRD-002",
                "agent",
                "spec.template.spec.volumes",
                """[{"name":"v","projected":{"sources":[{"secret":{"name":"openai"}}]}}]"""
            },
            { "GRD-002", "agent", "spec.template.spec.containers[0].envFrom", """[{"secretRef":{"name":"openai"}}]""" },
            {
                "GRD-002",
                "agent",
                "spec.template.spec.containers[0].env",
                """[{"name":"KEY","valueFrom":{"secretKeyRef":{"name":"openai","key":"api-key"}}}]"""
            },
            {
                "GRD-003",
                "agent",
                "spec.template.spec.volumes",
                """[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"audience":"agentreadiness.dev/grants","path":"t"}}]}}]"""
            },
            { "GRD-004", "agent", "spec.template.spec.volumes", """[{"name":"agent-readiness-x","emptyDir":{}}]""" },
            { "GRD-004", "agent", "spec.template.spec.containers[0].volumeMounts", """[{"name":"agent-readiness-journal"}]""" },
            { "GRD-005", "agent", "spec.template.spec.securityContext", """{"runAsUser":64080}""" },
            { "GRD-005", "agent", "spec.template.spec.containers[0].securityContext", """{"runAsUser":64080}""" },
            { "GRD-006", "agent", "spec.template.spec.containers[0].securityContext", """{"privileged":true}""" },
            { "GRD-007", "agent", "spec.template.spec.containers[0].securityContext", """{"capabilities":{"add":["NET_ADMIN"]}}""" },
            { "GRD-007", "agent", "spec.template.spec.containers[0].securityContext", """{"capabilities":{"add":["NET_RAW"]}}""" },
            { "GRD-008", "agent", "spec.template.spec.containers[0].name", "\"agent-readiness-guardrail\"" },
            { "GRD-009", "agent", "spec.template.spec.containers[0].env", """[{"name":"OPENAI_API_KEY","value":"x"}]""" },
            { "GRD-010", "agent", "spec.guardrails.upstreams[0].name", "\"Open AI\"" },
            {
                "GRD-010",
                "agent",
                "spec.guardrails.upstreams",
                """[{"name":"a","format":"OpenAI","url":"https://a"},{"name":"a","format":"OpenAI","url":"https://b"}]"""
            },
            { "GRD-011", "agent", "spec.guardrails.upstreams[0].url", "\"https://user@host/v1\"" },
            { "GRD-012", "agent", "spec.guardrails.upstreams[0].caConfigMapRef", """{"name":"","key":"ca.crt"}""" },
            { "GRD-013", "agent", "spec.guardrails.upstreams[0].proxy", "\"socks5://proxy:1080\"" },
            { "GRD-014", "agent", "spec.guardrails.upstreams[0].credentials.secretRef.name", "\"\"" },
            { "GRD-015", "agent", "spec.guardrails.upstreams[0].url", "\"http://provider/v1\"" },
            { "GRD-016", "agent", "spec.guardrails.allowedOrigins", """["http://localhost:3000/page"]""" },
            { "GRD-017", "agent", "spec.template.spec.volumes", """[{"name":"v","hostPath":{"path":"/"}}]""" },
            { "GRD-018", "agent", "spec.template.spec.containers[0].securityContext", """{"procMount":"Unmasked"}""" },
            { "GRD-019", "agent", "spec.template.spec.containers[0].ports", """[{"containerPort":80,"hostPort":80}]""" },
            { "GRD-020", "agent", "spec.template.metadata", """{"finalizers":["example.com/hang"]}""" },
            { "GRD-021", "agent", "spec.template.spec.hostAliases", """[{"ip":"10.0.0.1","hostnames":["provider"]}]""" },
            { "REL-001", "agent", "spec.reliability", """{"modelCall":{"timeout":"0s"}}""" },
            { "REL-001", "agent", "spec.reliability", """{"modelCall":{"firstByteTimeout":"soon","eventTimeout":"0s"}}""" },
            { "REL-002", "agent", "spec.reliability", """{"toolCall":{"timeout":"soon"}}""" },
            { "REL-002", "agent", "spec.reliability", """{"toolCall":{"firstByteTimeout":"soon"}}""" },
            { "REL-002", "agent", "spec.reliability", """{"toolCall":{"eventTimeout":"0s"}}""" },
            { "REL-003", "agent", "spec.reliability", """{"modelCall":{"attempts":0}}""" },
            { "REL-005", "agent", "spec.reliability", """{"toolCall":{"attempts":11}}""" },
            { "REL-005", "agent", "spec.reliability", """{"readOnlyTools":[" "]}""" },
            { "REL-006", "agent", "spec.reliability", """{"retryBudgetPercent":101}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"failurePercent":0}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"minimumCalls":0}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"openFor":"0s"}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"window":"10ms"}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"window":"2h"}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"slowCallAfter":"slow"}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"slowCallPercent":50}}""" },
            { "REL-007", "agent", "spec.reliability", """{"circuitBreaker":{"slowCallAfter":"1s","slowCallPercent":101}}""" },
            { "REL-008", "agent", "spec.reliability", """{"maxConcurrentCalls":0}""" },
            { "REL-009", "agent", "spec.reliability", """{"sideEffects":{"tools":[]}}""" },
            { "REL-009", "agent", "spec.reliability", """{"sideEffects":{"tools":["send_*"],"window":"30s"}}""" },
            { "REL-009", "agent", "spec.reliability", """{"sideEffects":{"tools":["send_*"],"window":"200h"}}""" },
            { "REL-009", "agent", "spec.reliability", """{"sideEffects":{"tools":["send_*"],"window":"a day"}}""" },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"a"}""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"x"}""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"c"}""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"b","models":{"m *":"n"}}""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"b","models":{"m":"n"}}""", """["m"]""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"b","models":{"m":"n"}}""", """["m-*","n"]""") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"b"}""", format: "MCP") },
            { "REL-011", "agent", "spec.guardrails", Fallback("""{"upstream":"b","models":{"m":"n:x"}}""", format: "Gemini") },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"statusCode":399}}""" },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"statusCode":500}}""" },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"message":" "}}""" },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"path":"a b"}}""" },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"cannotAnswerAfter":3}}""" },
            { "REL-010", "agent", "spec.reliability", """{"refusal":{"message":"no","cannotAnswerAfter":0}}""" },
            { "REL-004", "agent", "spec.budget.perRun", """{"maxSteps":0}""" },
            { "REL-004", "agent", "spec.budget.perRun", """{"maxToolCalls":0}""" },
            { "REL-004", "agent", "spec.budget.perRun", """{"maxRepeats":0}""" },
            { "REL-004", "agent", "spec.budget.perRun", """{"maxDuration":"10ms"}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"stopAfter":3}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","stopAfter":3}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Stop","stopAfter":0}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"failures":[{"tool":"x","empty":true}]}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","failures":[{"tool":"x"}]}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","failures":[{"tool":"","empty":true}]}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","failures":[{"tool":"x","pattern":"(?=a)"}]}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","failures":[{"tool":"x","pattern":"("}]}""" },
            { "FAI-001", "agent", "spec.guardrails.tools", """{"onToolError":"Mark","failures":[{"tool":"x","path":"a..b"}]}""" },
            {
                "FAI-001",
                "agent",
                "spec.guardrails.tools",
                """{"onToolError":"Mark","failures":[{"tool":"x","pattern":"a","value":"b"}]}"""
            },
            {
                "FAI-001",
                "agent",
                "spec.guardrails.tools",
                """{"onToolError":"Mark","failures":[{"tool":"x","pattern":"a","empty":true}]}"""
            },
            {
                "FAI-002",
                "agent",
                "spec.guardrails",
                """{"tools":{"schemaCheck":"Mark"},"upstreams":[{"name":"t","format":"HTTP","url":"https://tool/v1"}]}"""
            },
            { "FAI-003", "agent", "spec.guardrails.tools", """{"onToolChange":"Enforce"}""" },
            { "FAI-004", "agent", "spec.guardrails", """{"context":{"onOverflow":"Flag"}}""" },
            {
                "FAI-004",
                "agent",
                "spec.guardrails",
                """{"context":{"onOverflow":"Flag"},"upstreams":[{"name":"a","format":"MCP","url":"http://tools:80/mcp"}]}"""
            },
            { "FAI-004", "agent", "spec.guardrails.context", """{"onOverflow":"Flag","reservePercent":51}""" },
            { "FAI-004", "agent", "spec.guardrails.context", """{"onOverflow":"Flag","failMode":"Closed"}""" },
            { "FAI-002", "agent", "spec.guardrails.tools", """{"schemaCheck":"Mark","schemaFailMode":"Open"}""" },
            { "FAI-010", "agent", "spec.guardrails", """{"screening":{"mode":"Flag"}}""" },
            { "OBS-001", "agent", "spec.telemetry", """{"otlp":{"endpoint":"ftp://otel"}}""" },
            { "OBS-002", "agent", "spec.budget.attribution", """["model"]""" },
            { "OBS-002", "agent", "spec.budget.attribution", """["Customer"]""" },
            { "OBS-002", "agent", "spec.budget.attribution", """["a","a"]""" },
            { "OBS-002", "agent", "spec.budget.attribution", """["a","b","c","d","e"]""" },
            { "OBS-002", "agent", "spec.budget.clientAttribution", """["customer"]""" },
            { "EVL-001", "agent", "spec.evals[0].suite.name", "\"\"" },
            { "EVL-002", "agent", "spec.evals[0].minScore", "\"1.5\"" },
            { "EVL-003", "agent", "spec.evals[0].confidence", "\"1\"" },
            { "EVL-004", "agent", "spec.evals[0].minCases", "0" },
            { "EVL-005", "agent", "spec.evals[0].maxRegression", "\"2\"" },
            { "EVL-006", "agent", "spec.evals[0].repeats", """{"min":3,"max":2}""" },
            { "EVL-007", "agent", "spec.evals[0].reevaluateEvery", "\"1s\"" },
            { "EVL-008", "agent", "spec.evals[0].maxCost", "\"-1\"" },
            { "EVL-023", "agent", "spec.evals[0].chaos", """{"faults":[]}""" },
            { "EVL-023", "agent", "spec.evals[0].chaos", """{"faults":[{"fault":"Slow","upstream":"nobody","percent":10}]}""" },
            { "EVL-023", "agent", "spec.evals[0].chaos", """{"faults":[{"fault":"ToolError","tool":"nobodys","percent":10}]}""" },
            { "EVL-023", "agent", "spec.evals[0].chaos", """{"faults":[{"fault":"ServerError","upstream":"openai","percent":0}]}""" },
            {
                "EVL-023",
                "agent",
                "spec.evals[0].chaos",
                """
                    {"faults":[{"fault":"Slow","upstream":"openai","percent":60},{"fault":"RateLimited","upstream":"*","percent":41}]}
                    """
            },
            {
                "EVL-023",
                "agent",
                "spec.evals[0].chaos",
                """{"faults":[{"fault":"Slow","upstream":"openai","percent":1,"delay":"11m"}]}"""
            },
            { "EVL-009", "agent", "spec.evals[0].deadline", "\"soon\"" },
            { "EVL-010", "builtin suite", "spec.external", """{"serviceAccounts":[{"name":"ci"}]}""" },
            { "EVL-011", "builtin suite", "spec.attempts", "0" },
            { "EVL-012", "builtin suite", "spec.builtin.cases", null },
            { "EVL-013", "builtin suite", "spec.builtin", """{"volume":{"claimName":"c","path":"../etc/passwd","version":"1"}}""" },
            { "EVL-014", "builtin suite", "spec.builtin.pod", """{"hostNetwork":true}""" },
            { "EVL-015", "builtin suite", "spec.builtin.judge", """{"url":"judge","model":"m"}""" },
            { "EVL-016", "builtin suite", "spec.builtin.judge", """{"url":"https://judge/v1","model":"m","votes":2}""" },
            { "EVL-017", "builtin suite", "spec.builtin.judge", """{"url":"https://judge/v1","model":"m","maxCost":"cheap"}""" },
            { "EVL-018", "job suite", "spec.job.template.spec.containers", "[]" },
            { "EVL-019", "job suite", "spec.job.template.spec.hostPID", "true" },
            { "EVL-019", "job suite", "spec.job.template.spec.containers[0].securityContext", """{"privileged":true}""" },
            { "EVL-019", "job suite", "spec.job.template.spec.volumes", """[{"name":"v","hostPath":{"path":"/"}}]""" },
            { "EVL-020", "job suite", "spec.job.template.spec.shareProcessNamespace", "false" },
            { "EVL-021", "job suite", "spec.job.template.spec.containers[0].name", "\"agent-readiness-reporter\"" },
            { "EVL-021", "job suite", "spec.job.template.spec.securityContext", """{"runAsUser":64081}""" },
            { "EVL-021", "job suite", "spec.job.template.spec.containers[0].securityContext", """{"runAsUser":64081}""" },
            { "EVL-022", "builtin suite", "spec", """{"external":{}}""" },
            { "COS-001", "agent", "spec.budget", "{}" },
            { "COS-002", "agent", "spec.budget.acknowledgedOverruns", $$"""[{"rule":"","before":"{{Later}}","reason":"seen"}]""" },
            { "COS-003", "agent", "spec.budget.perCall", """{"maxCost":"-1"}""" },
            { "COS-004", "agent", "spec.budget.perRun", """{"maxCost":"cheap","maxTokens":0}""" },
            { "COS-005", "agent", "spec.budget.perPod", """{"requestsPerMinute":0,"tokensPerMinute":0}""" },
            { "COS-006", "agent", "spec.guardrails.models", """{"maxOutputTokens":0}""" },
            { "COS-007", "agent", "spec.budget.timeZone", "\"Europe/Atlantis\"" },
            { "COS-007", "budget", "spec.timeZone", "\"Europe/Atlantis\"" },
            { "COS-008", "budget", "spec.windows", "[]" },
            { "COS-009", "agent", "spec.budget.windows[0].maxCost", null },
            { "COS-009", "budget", "spec.windows[0].maxTokens", "0" },
            { "COS-010", "budget", "spec.windows", """[{"period":"Day","maxCost":"1"},{"period":"Day","maxCost":"2"}]""" },
            { "COS-011", "budget", "spec.windows[0].alertAt", "[80,50]" },
            { "COS-012", "budget", "spec.windows[0].scaleDownTo", "-1" },
            {
                "COS-013",
                "agent",
                "spec.budget.raises",
                $$"""[{"period":"Day","maxCost":"60","reason":"","requestedBy":"ann","expiresAt":"{{Later}}"}]"""
            },
            {
                "COS-013",
                "budget",
                "spec.raises",
                $$"""[{"period":"Month","maxCost":"60","reason":"r","requestedBy":"ann","expiresAt":"{{Later}}"}]"""
            },
            { "COS-014", "budget", "spec.writeOffs", """[{"period":"Day","window":"","maxCost":"1","reason":"r","requestedBy":"ann"}]""" },
            { "COS-015", "budget", "spec.evaluations", """{"maxPercent":101}""" },
        };

    [Theory]
    [InlineData("agent")]
    [InlineData("budget")]
    [InlineData("builtin suite")]
    [InlineData("job suite")]
    public async Task A_sound_object_fails_no_check(string kind) =>
        (await FailedAsync(kind, (JsonObject)JsonNode.Parse(Sound[kind])!)).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Spoilt))]
    public async Task A_spoilt_field_fails_its_check_and_no_other(string id, string kind, string field, string? value)
    {
        var tree = (JsonObject)JsonNode.Parse(Sound[kind])!;
        Set(tree, field, value);
        var failed = (await FailedAsync(kind, tree)).Distinct().ToList();
        // A rule may name an entry of which the schema names the field: then both are told.
        if (id != "MAN-003")
            failed.Remove("MAN-003");
        failed.ShouldBe([id]);
    }

    [Fact]
    public void Every_check_is_failed_by_an_object_of_the_table() =>
        Spoilt
            .Select(row => (string)row[0])
            .Distinct()
            .ShouldBe(
                ReadinessCatalogue.All.Where(check => check.Evidence is Evidence.Schema or Evidence.Rule).Select(check => check.Id),
                ignoreOrder: true
            );

    private static async Task<IReadOnlyList<string>> FailedAsync(string kind, JsonObject tree)
    {
        if (kind == "agent")
            return await PrintedAsync(tree.ToJsonString());
        var findings =
            kind == "budget"
                ? BudgetRules.Check(KubernetesJson.Deserialize<AgentBudget>(tree.ToJsonString()))
                : EvalSuiteRules.Check(KubernetesJson.Deserialize<EvalSuite>(tree.ToJsonString()).Spec);
        findings.ShouldAllBe(finding => ReadinessCatalogue.All.Contains(finding.Check));
        return [.. findings.Select(finding => finding.Check.Id)];
    }

    /// <summary>The IDs at the end of the lines that the command line prints.</summary>
    private static async Task<IReadOnlyList<string>> PrintedAsync(string manifest)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(manifest));
        var code = await Commands.RunAsync(
            ["check", "-f", "-"],
            TextReader.Null,
            bytes,
            new InvocationConfiguration { Output = output, Error = error }
        );
        error.ToString().ShouldBeEmpty();
        // Hints about the pods, and rules about changes, are no findings.
        var lines = output
            .ToString()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line =>
                !line.StartsWith("hint: ", StringComparison.Ordinal) && !line.StartsWith("unchecked: ", StringComparison.Ordinal)
            )
            .ToList();
        code.ShouldBe(lines.Count == 0 ? 0 : 1);
        lines.ShouldAllBe(line => PrintedId().IsMatch(line));
        return [.. lines.Select(line => PrintedId().Match(line).Groups[1].Value)];
    }

    private static void Set(JsonObject tree, string field, string? value)
    {
        JsonNode at = tree;
        var steps = field.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1])
            at = (step[0] == '[' ? at[int.Parse(step[1..^1], null)] : at[step]) ?? throw new ArgumentException($"{step} is not there");
        if (value is null)
            at.AsObject().Remove(steps[^1]).ShouldBeTrue();
        else
            at[steps[^1]] = JsonNode.Parse(value);
    }

    [GeneratedRegex(@"^[\w.\[\]]+: .* \[([A-Z]{3}-[0-9]{3})\]$")]
    private static partial Regex PrintedId();
}
