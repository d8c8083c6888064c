using AgentReadiness.Contracts;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>A CEL rule of a definition, a value that obeys it and one that breaks it.</summary>
/// <param name="Plural">The kind.</param>
/// <param name="Path">Where the rule stands in the schema; empty: at the root.</param>
/// <param name="Rule">The expression.</param>
/// <param name="Field">The field of the kind's sample that gets the values.</param>
/// <param name="Sound">A value that obeys.</param>
/// <param name="Broken">A value that breaks this rule and no other.</param>
internal sealed record RulePair(string Plural, string Path, string Rule, string Field, string Sound, string Broken)
{
    private const string Limits = "has(self.maxCost) || has(self.maxTokens)";
    private const string Key = "!has(self.credentials) || self.url.startsWith('https://') || (has(self.insecure) && self.insecure)";
    private const string Credentials = "\"credentials\":{\"secretRef\":{\"name\":\"s\",\"key\":\"k\"}}";
    private const string Label = "self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')";

    private const string Target =
        "!has(self.upstreams) || self.upstreams.all(one, !has(one.fallback) || self.upstreams.exists(other, "
        + "other.name == one.fallback.upstream && other.name != one.name && other.format == one.format && "
        + "!(other.format in ['MCP', 'HTTP'])))";
    private const string Allowed =
        "!has(self.models) || !has(self.models.allow) || size(self.models.allow) == 0 || "
        + "self.models.allow.exists(name, name.contains('*')) || !has(self.upstreams) || self.upstreams.all(one, "
        + "!has(one.fallback) || !has(one.fallback.models) || one.fallback.models.all(from, "
        + "from in self.models.allow && one.fallback.models[from] in self.models.allow))";

    // The text of the rule of ChaosSpec.
    private const string Together =
        "self.all(f, self.filter(g, (has(f.tool) && has(g.tool) && (g.tool == f.tool || f.tool.contains('*') || g.tool.contains('*')))"
        + " || (has(f.upstream) && has(g.upstream) && (g.upstream == f.upstream || f.upstream == '*' || g.upstream == '*')))"
        + ".map(g, g.percent).sum() <= 100)";

    private const string Chaos = "spec.evals[0].chaos";
    private const string Faults = "spec.evals[].chaos.faults";

    /// <summary>Every pair; a rule may have several.</summary>
    public static IReadOnlyList<RulePair> All { get; } =
    [
        new("agentbudgets", "spec.windows[]", Limits, "spec.windows[0]", """{"period":"Day","maxTokens":5}""", """{"period":"Day"}"""),
        new("agentdeployments", "", Label, "metadata.name", "\"a-1\"", "\"1a\""),
        new("agentdeployments", "", Label, "metadata.name", $"\"{new string('a', 40)}\"", $"\"{new string('a', 41)}\""),
        new("agentdeployments", "", Label, "metadata.name", "\"a\"", "\"a.b\""),
        new(
            "agentdeployments",
            "spec.rollout",
            "self.strategy != 'Canary' || size(self.steps) > 0",
            "spec.rollout",
            """{"strategy":"Canary","steps":[{"percent":10,"hold":"1m"}]}""",
            """{"strategy":"Canary"}"""
        ),
        new(
            "agentdeployments",
            "spec.rollout",
            "self.strategy != 'BlueGreen' || size(self.steps) == 0",
            "spec.rollout",
            "{}",
            """{"steps":[{"percent":10,"hold":"1m"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.reliability.circuitBreaker",
            "!has(self.slowCallPercent) || has(self.slowCallAfter)",
            "spec.reliability.circuitBreaker",
            """{"slowCallPercent":50,"slowCallAfter":"10s"}""",
            """{"slowCallPercent":50}"""
        ),
        new(
            "agentdeployments",
            "spec.reliability.refusal",
            "!has(self.cannotAnswerAfter) || has(self.message)",
            "spec.reliability.refusal",
            """{"message":"no","cannotAnswerAfter":3}""",
            """{"cannotAnswerAfter":3}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails",
            "!has(self.screening) || (has(self.upstreams) && size(self.upstreams) > 0)",
            "spec.guardrails",
            """{"screening":{"mode":"Flag"},"upstreams":[{"name":"a","format":"MCP","url":"http://tools:80/mcp"}]}""",
            """{"screening":{"mode":"Flag"}}"""
        ),
        new("agentdeployments", "spec.guardrails", Target, "spec.guardrails", Fallback("b"), Fallback("a")),
        new("agentdeployments", "spec.guardrails", Target, "spec.guardrails", Fallback("b"), Fallback("x")),
        new("agentdeployments", "spec.guardrails", Target, "spec.guardrails", Fallback("b"), Fallback("c")),
        new(
            "agentdeployments",
            "spec.guardrails",
            Allowed,
            "spec.guardrails",
            Fallback("b", """{"m":"n"}""", """["m","n"]"""),
            Fallback("b", """{"m":"n"}""", """["m"]""")
        ),
        new(
            "agentdeployments",
            "spec.guardrails",
            Allowed,
            "spec.guardrails",
            Fallback("b", """{"m":"n"}""", """["*"]"""),
            Fallback("b", """{"m":"n"}""", """["n"]""")
        ),
        new(
            "agentdeployments",
            "spec.guardrails.upstreams[].fallback",
            "!has(self.models) || self.models.all(from, from.matches('^[A-Za-z0-9][-A-Za-z0-9._:/@+]{0,127}$'))",
            "spec.guardrails",
            Fallback("b", """{"meta/m:8b":"n"}"""),
            Fallback("b", """{"m *":"n"}""")
        ),
        new(
            "agentdeployments",
            "spec.guardrails.upstreams[]",
            "self.format != 'Gemini' || !has(self.fallback) || !has(self.fallback.models) || "
                + "self.fallback.models.all(from, !self.fallback.models[from].contains(':'))",
            "spec.guardrails",
            Fallback("b", """{"m":"n"}""", format: "Gemini"),
            Fallback("b", """{"m":"n:8b"}""", format: "Gemini")
        ),
        new(
            "agentdeployments",
            "spec.guardrails",
            "!has(self.context) || (has(self.upstreams) && self.upstreams.exists(u, u.format != 'MCP' && u.format != 'HTTP'))",
            "spec.guardrails",
            """{"context":{"onOverflow":"Flag"},"upstreams":[{"name":"a","format":"OpenAI","url":"https://a.example/v1"}]}""",
            """{"context":{"onOverflow":"Flag"},"upstreams":[{"name":"a","format":"MCP","url":"http://tools:80/mcp"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.context",
            "!has(self.failMode) || (has(self.onOverflow) && self.onOverflow == 'Refuse')",
            "spec.guardrails.context",
            """{"onOverflow":"Refuse","failMode":"Closed"}""",
            """{"onOverflow":"Flag","failMode":"Closed"}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.tools",
            "!has(self.schemaFailMode) || (has(self.schemaCheck) && self.schemaCheck == 'Enforce')",
            "spec.guardrails.tools",
            """{"schemaCheck":"Enforce","schemaFailMode":"Closed"}""",
            """{"schemaCheck":"Mark","schemaFailMode":"Closed"}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.tools",
            "!has(self.stopAfter) || (has(self.onToolError) && self.onToolError == 'Stop')",
            "spec.guardrails.tools",
            """{"onToolError":"Stop","stopAfter":2}""",
            """{"onToolError":"Mark","stopAfter":2}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.tools",
            "!has(self.failures) || size(self.failures) == 0 || has(self.onToolError)",
            "spec.guardrails.tools",
            """{"onToolError":"Count","failures":[{"tool":"a","pattern":"x"}]}""",
            """{"failures":[{"tool":"a","pattern":"x"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.tools.failures[]",
            "(has(self.pattern) ? 1 : 0) + (has(self.path) ? 1 : 0) + (has(self.empty) && self.empty ? 1 : 0) == 1",
            "spec.guardrails.tools",
            """{"onToolError":"Count","failures":[{"tool":"a","empty":true}]}""",
            """{"onToolError":"Count","failures":[{"tool":"a","empty":true,"pattern":"x"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.tools.failures[]",
            "!has(self.value) || has(self.path)",
            "spec.guardrails.tools",
            """{"onToolError":"Count","failures":[{"tool":"a","path":"a","value":"b"}]}""",
            """{"onToolError":"Count","failures":[{"tool":"a","pattern":"x","value":"b"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.evals",
            "self.all(one, !has(one.name) || self.exists_one(other, has(other.name) && other.name == one.name))",
            "spec.evals",
            """[{"name":"a","suite":{"name":"s"},"minScore":"0.9"},{"name":"b","suite":{"name":"s"},"minScore":"0.9"}]""",
            """[{"name":"a","suite":{"name":"s"},"minScore":"0.9"},{"name":"a","suite":{"name":"s"},"minScore":"0.9"}]"""
        ),
        new(
            "agentdeployments",
            Faults,
            Together,
            Chaos,
            """{"faults":[{"fault":"Slow","tool":"a","percent":60},{"fault":"ToolError","tool":"b","percent":60}]}""",
            """{"faults":[{"fault":"Slow","tool":"a_*","percent":60},{"fault":"ToolError","tool":"b","percent":60}]}"""
        ),
        new(
            "agentdeployments",
            Faults,
            Together,
            Chaos,
            """{"faults":[{"fault":"Slow","upstream":"a","percent":100},{"fault":"ToolError","tool":"a","percent":100}]}""",
            """{"faults":[{"fault":"Slow","upstream":"a","percent":60},{"fault":"RateLimited","upstream":"*","percent":41}]}"""
        ),
        new(
            "agentdeployments",
            Faults + "[]",
            "has(self.upstream) != has(self.tool)",
            Chaos,
            """{"faults":[{"fault":"Slow","tool":"a","percent":60}]}""",
            """{"faults":[{"fault":"Slow","tool":"a","upstream":"a","percent":60}]}"""
        ),
        new(
            "agentdeployments",
            Faults + "[]",
            "has(self.tool) || !(self.fault in ['ToolError', 'InjectedText'])",
            Chaos,
            """{"faults":[{"fault":"InjectedText","tool":"a","percent":60}]}""",
            """{"faults":[{"fault":"InjectedText","upstream":"a","percent":60}]}"""
        ),
        new(
            "agentdeployments",
            Faults + "[]",
            "!has(self.delay) || self.fault == 'Slow'",
            Chaos,
            """{"faults":[{"fault":"Slow","tool":"a","percent":60,"delay":"1s"}]}""",
            """{"faults":[{"fault":"ToolError","tool":"a","percent":60,"delay":"1s"}]}"""
        ),
        new(
            "agentdeployments",
            Faults + "[]",
            "!has(self.text) || self.fault == 'InjectedText'",
            Chaos,
            """{"faults":[{"fault":"InjectedText","tool":"a","percent":60,"text":"x"}]}""",
            """{"faults":[{"fault":"ToolError","tool":"a","percent":60,"text":"x"}]}"""
        ),
        new(
            "agentdeployments",
            "spec.evals[].repeats",
            "self.min <= self.max",
            "spec.evals[0].repeats",
            """{"min":2,"max":2}""",
            """{"min":2}"""
        ),
        new(
            "agentdeployments",
            "spec.budget.windows[]",
            Limits,
            "spec.budget.windows[0]",
            """{"period":"Day","maxTokens":5}""",
            """{"period":"Day"}"""
        ),
        new(
            "agentdeployments",
            "spec.budget.attribution",
            Attribution.TakenRule,
            "spec.budget.attribution",
            """["customer","models"]""",
            """["customer","model"]"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.upstreams[]",
            Key,
            "spec.guardrails.upstreams[0]",
            $$"""{"name":"a","format":"OpenAI","url":"http://a.b.svc/v1","insecure":true,{{Credentials}}}""",
            $$"""{"name":"a","format":"OpenAI","url":"http://a.b.svc/v1","insecure":false,{{Credentials}}}"""
        ),
        new(
            "agentdeployments",
            "spec.guardrails.upstreams[]",
            Key,
            "spec.guardrails.upstreams[0]",
            """{"name":"a","format":"OpenAI","url":"http://a.b.svc/v1"}""",
            """{"name":"a","format":"OpenAI","url":"http://a.b.svc/v1","credentials":{"secretRef":{"name":"s","key":"k"}}}"""
        ),
        new(
            "budgetledgers",
            "spec",
            "self == oldSelf",
            "spec",
            """{"namespace":"shop","agent":"support","account":"Serving"}""",
            """{"namespace":"shop","agent":"other","account":"Serving"}"""
        ),
        new("evalruns", "spec.repeats", "self.min <= self.max", "spec.repeats", "{}", """{"min":3,"max":2}"""),
        new("evalruns", "spec", "self == oldSelf", "spec.minScore", "\"0.90\"", "\"0.10\""),
        new(
            "evalsuites",
            "spec",
            "[has(self.builtin), has(self.job), has(self.external)].exists_one(one, one)",
            "spec",
            """{"external":{"serviceAccounts":[{"namespace":"ci","name":"ci"}]}}""",
            """{"external":{"serviceAccounts":[{"namespace":"ci","name":"ci"}]},"job":{"template":{}}}"""
        ),
        new(
            "evalsuites",
            "spec",
            "[has(self.builtin), has(self.job), has(self.external)].exists_one(one, one)",
            "spec",
            """{"job":{"template":{}}}""",
            "{}"
        ),
        new(
            "evalsuites",
            "spec.builtin",
            "has(self.cases) != has(self.volume)",
            "spec.builtin",
            """{"volume":{"claimName":"c","path":"a.jsonl","version":"1"}}""",
            """{"cases":{"name":"a","key":"b"},"volume":{"claimName":"c","path":"a.jsonl","version":"1"}}"""
        ),
        new(
            "evalsuites",
            "spec.builtin",
            "has(self.cases) != has(self.volume)",
            "spec.builtin",
            """{"cases":{"name":"a","key":"b"}}""",
            "{}"
        ),
        new(
            "evalsuites",
            "spec.builtin.judge",
            Key,
            "spec.builtin.judge",
            """{"url":"http://a.b.svc/v1","model":"m","insecure":true,"credentials":{"secretRef":{"name":"s","key":"k"}}}""",
            """{"url":"http://a.b.svc/v1","model":"m","credentials":{"secretRef":{"name":"s","key":"k"}}}"""
        ),
    ];

    private static string Fallback(string upstream, string models = "{}", string allow = "[]", string format = "OpenAI") =>
        $$$"""
            {"models":{"allow":{{{allow}}}},"upstreams":[
              {"name":"a","format":"{{{format}}}","url":"https://a/v1","fallback":{"upstream":"{{{upstream}}}","models":{{{models}}}}},
              {"name":"b","format":"{{{format}}}","url":"https://b/v1"},
              {"name":"c","format":"Anthropic","url":"https://c"}]}
            """;

    /// <summary>The rule compares with the object as it was: it holds for changes alone.</summary>
    public bool IsAboutChanges => Rule.Contains("oldSelf", StringComparison.Ordinal);

    /// <inheritdoc />
    public override string ToString() => $"{Plural} {Path}: {Rule}";
}
