namespace AgentReadiness.Cli.Tests;

public sealed class CheckTests
{
    private const string Good = """
        apiVersion: agentreadiness.dev/v1alpha1
        kind: AgentDeployment
        metadata: {name: support, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: agent, image: "a:1"}]
          ports: [{name: http, port: 80, targetPort: 8080}]
          evals: [{suite: {name: golden, namespace: evals}, minScore: "0.90", criticalTags: [safety]}]
          budget: {windows: [{period: Day, maxCost: "50", onExhausted: ScaleDown}]}
          guardrails:
            upstreams: [{name: openai, format: OpenAI, url: "https://api.openai.com/v1"}]
        """;

    private static Task<(int Code, string Output, string Error)> CheckAsync(string text) => CommandLine.RunAsync(text, "check", "-f", "-");

    /// <summary>Metadata that a server refuses although it has the right types, and the field that is told.</summary>
    [Theory]
    [InlineData("""ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: ""}]""", "metadata.ownerReferences[0].uid")]
    [InlineData("""ownerReferences: [{apiVersion: "", kind: ConfigMap, name: a, uid: u}]""", "metadata.ownerReferences[0].apiVersion")]
    [InlineData("""ownerReferences: [{apiVersion: a/b/c, kind: K, name: a, uid: u}]""", "metadata.ownerReferences[0].apiVersion")]
    [InlineData("""ownerReferences: [{apiVersion: v1, kind: Event, name: a, uid: u}]""", "metadata.ownerReferences[0]")]
    [InlineData(
        "ownerReferences: [{apiVersion: v1, kind: A, name: a, uid: u, controller: true}, "
            + "{apiVersion: v1, kind: A, name: b, uid: v, controller: true}]",
        "metadata.ownerReferences"
    )]
    [InlineData("finalizers: [bad finalizer]", "metadata.finalizers[0]")]
    [InlineData("finalizers: [example.com/good, Example.com/upper]", "metadata.finalizers[1]")]
    public async Task MetadataIsWhatAServerTakes(string member, string field)
    {
        var manifest = Good.Replace("namespace: shop}", $"namespace: shop, {member}}}", StringComparison.Ordinal);
        var (code, output, error) = await CheckAsync(manifest);
        (code, error).ShouldBe((1, ""));
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem().ShouldStartWith($"{field}: ");
    }

    [Fact]
    public async Task AnObjectThatNestsTooDeepIsToldBesideTheOthers()
    {
        var deep = string.Concat(Enumerable.Repeat("{a: ", 70)) + "1" + new string('}', 70);
        // The raw text above begins at the eighth column.
        var manifest = Good.Replace("containers: [", $"deep: {deep}\n      containers: [", StringComparison.Ordinal);
        var (code, output, error) = await CheckAsync(
            manifest
                + "\n---\n"
                + Good.Replace("minScore: \"0.90\"", "minScore: \"2\"", StringComparison.Ordinal)
                    .Replace("support", "other", StringComparison.Ordinal)
        );
        (code, error).ShouldBe((1, ""));
        output.ShouldContain("shop/support: spec.template: nests too deep");
        output.ShouldContain("shop/other: spec.evals[0].minScore");
        (await CommandLine.RunAsync(manifest, "revision", "-f", "-")).Error.ShouldContain("spec.template: nests too deep");
    }

    [Fact]
    public async Task ANameWithALineBreakMakesNoLineOfItsOwn()
    {
        var odd = Good.Replace("name: support", "name: \"a\\nshop/good: fine\"", StringComparison.Ordinal);
        var (_, output, _) = await CheckAsync(odd + "\n---\n" + Good);
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(line => line.StartsWith("shop/a\\u000Ashop/good: fine: "));
    }

    [Fact]
    public async Task ASoundManifestPrintsNothing() => (await CheckAsync(Good)).ShouldBe((0, "", ""));

    [Theory]
    [InlineData("2030-01-01T00:00:00Z")]
    [InlineData("2030-01-01T00:00:00.25+02:00")]
    public async Task ATimeIsATextAndNotAnObject(string time) =>
        (
            await CheckAsync(
                Good.Replace(
                    "windows:",
                    $"raises: [{{period: Day, maxCost: \"60\", reason: launch, requestedBy: ann, expiresAt: \"{time}\"}}], windows:",
                    StringComparison.Ordinal
                )
            )
        ).ShouldBe((0, "", ""));

    // A server takes a field that is null for one that is absent.
    [Theory]
    [InlineData("criticalTags: [safety]", "criticalTags: ")]
    [InlineData("  budget: {", "  rollout: ~\n  budget: {")]
    public async Task NullIsAbsent(string from, string to)
    {
        var changed = Good.Replace(from, to, StringComparison.Ordinal);
        changed.ShouldNotBe(Good);
        (await CheckAsync(changed)).ShouldBe((0, "", ""));
    }

    [Theory]
    [InlineData("generateName: support-", "")]
    [InlineData("generateName: Support-", "metadata.generateName: must be the begin of a DNS name")]
    [InlineData("generateName: \"\"", "metadata.name: must be a DNS")]
    public async Task ANameThatTheServerMakesIsChecked(string name, string problem)
    {
        var (code, output, _) = await CheckAsync(Good.Replace("name: support", name, StringComparison.Ordinal));
        output.ShouldStartWith(problem);
        (code, output.Length == 0).ShouldBe(problem.Length == 0 ? (0, true) : (1, false));
    }

    [Theory]
    [InlineData("2030-01-01t00:00:00z", "the operator cannot read this time")]
    [InlineData("2030-01-01", "\"2030-01-01\" must be a time such as")]
    public async Task ATimeThatTheOperatorCannotReadIsToldAtItsPlace(string time, string problem) =>
        (
            await CheckAsync(
                Good.Replace(
                    "windows:",
                    $"raises: [{{period: Day, maxCost: \"60\", reason: launch, requestedBy: ann, expiresAt: \"{time}\"}}], windows:",
                    StringComparison.Ordinal
                )
            )
        ).Output.ShouldContain($"spec.budget.raises[0].expiresAt: {problem}");

    [Fact]
    public async Task EachProblemEndsWithTheIdOfItsCheck()
    {
        var (_, output, _) = await CheckAsync(Good.Replace("\"0.90\"", "\"1.5\"", StringComparison.Ordinal));
        output.ShouldBe("spec.evals[0].minScore: \"1.5\" must be a decimal string from \"0\" to \"1\", for example \"0.90\" [EVL-002]\n");
    }

    [Theory]
    // The operator's rules.
    [InlineData("minScore: \"0.90\"", "minScore: \"1.5\"", "spec.evals[0].minScore: \"1.5\" must be")]
    [InlineData("maxCost: \"50\"", "maxCost: \"-1\"", "spec.budget.windows[0].maxCost: \"-1\" must be")]
    [InlineData("name: support", "name: Support", "metadata.name: must be a DNS label")]
    [InlineData(
        "image: \"a:1\"",
        "image: \"a:1\", env: [{name: OPENAI_API_KEY, value: x}]",
        "spec.template.spec.containers[0].env[0].name: OPENAI_API_KEY is set by the operator"
    )]
    [InlineData("containers: [{name: agent, image: \"a:1\"}]", "hostNetwork: true", "spec.template.spec.containers: must list")]
    // The schema's.
    [InlineData("minScore: \"0.90\"", "minScore: 0.90", "spec.evals[0].minScore: must be a text: put it in quotes")]
    [InlineData("minScore: \"0.90\"", "minimumScore: \"0.90\"", "spec.evals[0].minimumScore: is not a field; known are name, suite,")]
    [InlineData("minScore: \"0.90\", ", "", "spec.evals[0].minScore: is missing")]
    [InlineData("period: Day", "period: day", "spec.budget.windows[0].period: must be one of Day")]
    [InlineData("format: OpenAI", "format: 0", "spec.guardrails.upstreams[0].format: must be one of OpenAI")]
    [InlineData("port: 80,", "port: \"80\",", "spec.ports[0].port: must be a whole number")]
    [InlineData("port: 80,", "port: 80.5,", "spec.ports[0].port: must be a whole number")]
    [InlineData("criticalTags: [safety]", "criticalTags: safety", "spec.evals[0].criticalTags: must be a list")]
    [InlineData("criticalTags: [safety]", "criticalTags: [yes]", "spec.evals[0].criticalTags[0]: must be a text")]
    [InlineData("minScore: \"0.90\"", "minScore: ", "spec.evals[0].minScore: is missing")]
    [InlineData("criticalTags: [safety]", "criticalTags: [~]", "spec.evals[0].criticalTags[0]: must not be null")]
    [InlineData("  template:", "  templates:", "spec.templates: is not a field")]
    [InlineData("spec:\n  template:", "specs:\n  template:", "spec: is missing")]
    public async Task NamesFieldAndProblem(string from, string to, string problem)
    {
        var index = Good.IndexOf(from, StringComparison.Ordinal);
        index.ShouldBeGreaterThanOrEqualTo(0);
        var (code, output, error) = await CheckAsync(Good[..index] + to + Good[(index + from.Length)..]);
        error.ShouldBeEmpty();
        output.Split('\n').ShouldContain(line => line.StartsWith(problem, StringComparison.Ordinal));
        code.ShouldBe(1);
    }

    [Theory]
    // Each was taken before, and is refused by the API server.
    [InlineData("name: http", "name: HTTP_Port", "spec.ports[0].name: \"HTTP_Port\" must match")]
    [InlineData("name: http", "name: this-name-is-too-long", "spec.ports[0].name: has 21 characters and may have at most 15")]
    [InlineData("\"0.90\"", "\"1.\"", "spec.evals[0].minScore: \"1.\" must")]
    [InlineData(
        "https://api.openai.com/v1",
        "HTTPS://api.openai.com/v1",
        "spec.guardrails.upstreams[0].url: \"HTTPS://api.openai.com/v1\" must"
    )]
    [InlineData("[safety]", "[safety, safety]", "spec.evals[0].criticalTags[1]: is in the list twice: remove one")]
    [InlineData("port: 80,", "port: 99999999999,", "spec.ports[0].port: must be")]
    [InlineData("namespace: shop}", "namespace: shop, labels: {a: b c}}", "metadata.labels.a: must be empty, or at most 63")]
    [InlineData("namespace: shop}", "namespace: shop, labels: {a: 1}}", "metadata.labels.a: must be a text: put it in quotes")]
    [InlineData("namespace: shop}", "namespace: shop, label: {a: b}}", "metadata.label: is not a field; known are name,")]
    [InlineData("name: support", "name: \"support\\n\"", "metadata.name: must be a DNS")]
    public async Task RefusesWhatTheServerRefuses(string from, string to, string problem) => await NamesFieldAndProblem(from, to, problem);

    [Fact]
    public async Task NineEvalsAreOneTooMany()
    {
        var many = string.Join(", ", Enumerable.Range(0, 9).Select(i => $"{{suite: {{name: s{i}}}, minScore: \"0.9\"}}"));
        var (code, output, _) = await CheckAsync(
            Good[..Good.IndexOf("evals:", StringComparison.Ordinal)] + $"evals: [{many}]\n  budget: {{}}"
        );
        code.ShouldBe(1);
        output.ShouldContain("spec.evals: has 9 entries and may have at most 8 [MAN-003]\n");
    }

    [Fact]
    public async Task SchemaAndRulesAreToldAtOnce()
    {
        var bad = Good.Replace("\"0.90\"", "0.90", StringComparison.Ordinal)
            .Replace("maxCost: \"50\"", "maxCost: \"-1\"", StringComparison.Ordinal)
            .Replace("image: \"a:1\"", "image: \"a:1\", env: [{name: OPENAI_API_KEY, value: x}]", StringComparison.Ordinal)
            .Replace("port: 80,", "prot: 80,", StringComparison.Ordinal);
        var lines = (await CheckAsync(bad)).Output.TrimEnd('\n').Split('\n');
        lines
            .Select(line => line[..line.IndexOf(": ", StringComparison.Ordinal)])
            .ShouldBe(
                [
                    "spec.ports[0].prot",
                    "spec.ports[0].port",
                    "spec.evals[0].minScore",
                    "spec.budget.windows[0].maxCost",
                    "spec.template.spec.containers[0].env[0].name",
                ],
                ignoreOrder: true
            );
    }

    [Theory]
    [InlineData("env: [{name: A, value: 5}]", "env[0].value: must be a text: put it in quotes")]
    [InlineData("env: [{value: x}]", "env[0].name: is missing")]
    [InlineData("env: {A: x}", "env: must be a list")]
    [InlineData("command: run", "command: must be a list")]
    [InlineData("args: [1]", "args[0]: must be a text: put it in quotes")]
    [InlineData("ports: [{containerPort: 15080}]", "ports[0].containerPort: 15080 is a port of the guardrail")]
    [InlineData("ports: [{containerPort: 15097}]", "ports[0].containerPort: 15097 is a port of the guardrail")]
    [InlineData("ports: [{containerPort: \"80\"}]", "ports[0].containerPort: must be a whole number")]
    [InlineData("ports: [{containerPort: 70000}]", "ports[0].containerPort: must be from 1 to 65535")]
    [InlineData("ports: [{containerPort: 1, protocol: tcp}]", "ports[0].protocol: must be one of TCP, UDP, SCTP")]
    [InlineData("ports: [80]", "ports[0]: must be an object")]
    [InlineData("resources: {limits: {cpu: lots}}", "resources.limits.cpu: must be a quantity")]
    [InlineData("volumeMounts: [{name: v, mountPath: /v}]", "volumeMounts[0].name: \"v\" is no volume of the pod")]
    [InlineData("livenessProbe: {periodSeconds: 5}", "livenessProbe: has 0 of exec, httpGet, tcpSocket, grpc and must have one")]
    [InlineData("readinessProbe: {httpGet: {path: /}}", "readinessProbe.httpGet.port: is missing")]
    [InlineData("imagePullPolicy: always", "imagePullPolicy: must be one of Always, IfNotPresent, Never")]
    public async Task AFaultInTheTemplateIsAHint(string field, string hint)
    {
        var (code, output, _) = await CheckAsync(Good.Replace("image: \"a:1\"", $"image: \"a:1\", {field}", StringComparison.Ordinal));
        output.ShouldStartWith($"hint: spec.template.spec.containers[0].{hint}");
        output.TrimEnd('\n').Split('\n').ShouldHaveSingleItem();
        code.ShouldBe(0);
    }

    [Theory]
    [InlineData("[{image: a}]", "hint: spec.template.spec.containers[0].name: is missing")]
    [InlineData("[{name: a, image: a}, {name: a, image: b}]", "hint: spec.template.spec.containers[1].name: \"a\" is used twice")]
    [InlineData("[agent]", "hint: spec.template.spec.containers[0]: must be an object")]
    [InlineData("[{name: a, fieldOfTheFuture: 1, image: a}]", "")]
    [InlineData("[{name: a, image: a, env: ~, resources: {limits: {cpu: 0.5, memory: 1Gi}}}]", "")]
    public async Task ContainersAreToldByHints(string containers, string hint)
    {
        var (code, output, _) = await CheckAsync(Good.Replace("[{name: agent, image: \"a:1\"}]", containers, StringComparison.Ordinal));
        output.ShouldStartWith(hint);
        output.Split('\n').Length.ShouldBe(hint.Length == 0 ? 1 : 2);
        code.ShouldBe(0);
    }

    [Fact]
    public async Task EveryKindIsCheckedAndARuleAboutChangesIsToldAsUnchecked()
    {
        var (code, output, error) = await CheckAsync(
            """
            apiVersion: agentreadiness.dev/v1alpha1
            kind: BudgetLedger
            metadata: {name: l}
            spec: {namespace: shop, agent: support, account: Serving}
            """
        );
        error.ShouldBeEmpty();
        output.ShouldStartWith("unchecked: spec: ");
        output.ShouldContain("self == oldSelf");
        code.ShouldBe(0);
        (
            await CheckAsync(
                """
                apiVersion: agentreadiness.dev/v1alpha1
                kind: EvalSuite
                metadata: {name: s}
                spec: {job: {template: {}}, external: {serviceAccounts: []}}
                """
            )
        ).Output.ShouldContain("spec: must have exactly one of builtin, job and external [");
    }

    [Fact]
    public async Task AnUnknownKindOfOursIsRefused() =>
        (await CheckAsync(Good.Replace("kind: AgentDeployment", "kind: AgentDeploymnt", StringComparison.Ordinal))).Error.ShouldStartWith(
            "error: agentreadiness.dev/v1alpha1 has no kind \"AgentDeploymnt\"; known are AgentBudget,"
        );

    [Fact]
    public async Task BytesThatAreNoTextAreRefusedWithTheirPlace()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, [.. Encoding.UTF8.GetBytes("a: 1\nb: "), 0xFF, .. "\n"u8]);
            foreach (var command in (string[])["check", "revision"])
                (await CommandLine.RunAsync("", command, "-f", path)).Error.ShouldBe(
                    "error: line 2, column 4: the byte 0xFF is not UTF-8: save the file as UTF-8\n"
                );
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task SeveralAgentsAreToldApart()
    {
        var bad = Good.Replace("name: support", "name: sales", StringComparison.Ordinal)
            .Replace("maxCost: \"50\"", "maxCost: \"x\"", StringComparison.Ordinal);
        var (code, output, _) = await CheckAsync($"{Good}\n---\n{bad}");
        code.ShouldBe(1);
        output.TrimEnd('\n').Split('\n').ShouldHaveSingleItem().ShouldStartWith("shop/sales: spec.budget.windows[0].maxCost: ");
    }

    [Fact]
    public async Task NothingToCheckIsNotSound() =>
        (await CheckAsync("kind: Pod\n")).ShouldBe((1, "", "error: the manifest has no object of agentreadiness.dev/v1alpha1\n"));

    [Fact]
    public async Task HelpNamesTheExitCodes()
    {
        foreach (
            var arguments in (string[][])
                [
                    ["--help"],
                    ["check", "--help"],
                    ["revision", "--help"],
                ]
        )
        {
            var (code, output, _) = await CommandLine.RunAsync("", arguments);
            code.ShouldBe(0);
            output.ShouldContain("Exit codes: 0");
        }
    }

    [Fact]
    public async Task VersionIsPrinted() =>
        (await CommandLine.RunAsync("", "version")).Output.ShouldMatch(@"^\d+\.\d+\.\d+(\+[0-9a-f]+)?\n$");

    [Theory]
    [InlineData()]
    [InlineData("revision")]
    [InlineData("nonsense")]
    public async Task AWrongCommandLineIsOne(params string[] arguments) => (await CommandLine.RunAsync("", arguments)).Code.ShouldBe(1);
}
