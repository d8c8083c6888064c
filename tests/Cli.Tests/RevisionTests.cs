namespace AgentReadiness.Cli.Tests;

public sealed class RevisionTests
{
    // The hashes were computed apart from this code: SHA-256 over sorted, compact JSON, in Python.
    private const string Simple = """
        apiVersion: agentreadiness.dev/v1alpha1
        kind: AgentDeployment
        metadata: {name: support, namespace: shop}
        spec:
          template:
            spec:
              containers: [{name: agent, image: "a:1", envFrom: [{configMapRef: {name: prompts}}]}]
          ports: [{name: http, port: 80, targetPort: 8080}]
        """;

    private const string Prompts = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: prompts, namespace: shop}
        data: {system: "be kind"}
        """;

    private const string Full = """
        apiVersion: agentreadiness.dev/v1alpha1
        kind: AgentDeployment
        metadata: {name: support, labels: {x: y1}}
        spec:
          replicas: 3
          template:
            metadata:
              annotations: {"on": "yes", "n": '1.0'}
            spec:
              terminationGracePeriodSeconds: 90
              containers:
              - name: agent
                image: a:1
                tty: on
                weight: .5
                mode: 0644
                note: "Grüße 🙂\nline\ttab"
                volumeMounts: [{name: p, mountPath: /p}]
              volumes:
              - {name: p, configMap: {name: prompts}}
              - {name: q, configMap: {name: absent, optional: true}}
          ports: [{name: http, port: 80, targetPort: 8080}]
          reliability: {modelCall: {timeout: 30s}}
          guardrails:
            models: {allow: [gpt-5.4-mini, "claude-haiku-*"], maxOutputTokens: 1000}
            upstreams: [{name: openai, format: OpenAI, url: "https://api.openai.com/v1", credentials: {secretRef: {name: k, key: a}}}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: prompts}
        data:
          system: |
            be kind
        binaryData:
          b: |
            AAEC
            Aw==
        """;

    private const string FullJson = """
        {"apiVersion":"v1","kind":"List","items":[
          {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"prompts","namespace":"default","annotations":{"a":"b"}},
            "binaryData":{"b":"AAECAw=="},"data":{"system":"be kind\n"}},
          {"kind":"AgentDeployment","apiVersion":"agentreadiness.dev/v1alpha1","metadata":{"namespace":"default","name":"support"},"spec":{
            "guardrails":{"upstreams":[{"url":"https://api.openai.com/v1","format":"OpenAI","name":"openai"}],
              "models":{"maxOutputTokens":1000,"allow":["gpt-5.4-mini","claude-haiku-*"]}},
            "reliability":{"modelCall":{"timeout":"30s"}},
            "ports":[{"name":"web","port":81,"targetPort":8081}],
            "budget":{"windows":[{"period":"Day","maxCost":"1"}]},
            "template":{"spec":{"volumes":[{"name":"p","configMap":{"name":"prompts"}},
              {"name":"q","configMap":{"optional":true,"name":"absent"}}],
              "containers":[{"note":"Gr\u00fc\u00dfe \ud83d\ude42\nline\ttab","mode":420,"weight":5e-1,"tty":true,"image":"a:1",
                "name":"agent","volumeMounts":[{"mountPath":"/p","name":"p"}]}],
              "terminationGracePeriodSeconds":9.0e1},"metadata":{"annotations":{"n":"1.0","on":"yes"}}}}}]}
        """;

    [Fact]
    public async Task IsTheSha256OfTheCanonicalForm() =>
        (await CommandLine.RunAsync($"{Simple}\n---\n{Prompts}", "revision", "-f", "-")).ShouldBe(
            (0, "shop/support 1b49d8c0c1db091\n", "")
        );

    [Fact]
    public async Task TheOrderOfDocumentsDoesNotMatter() =>
        (await CommandLine.RunAsync($"{Prompts}\n---\n{Simple}", "revision", "-f", "-")).Output.ShouldBe("shop/support 1b49d8c0c1db091\n");

    [Fact]
    public async Task YamlAndJsonOfTheSameAreTheSameRevision()
    {
        (await CommandLine.RunAsync(Full, "revision", "-f", "-")).ShouldBe((0, "default/support b2c995c2efa012f\n", ""));
        (await CommandLine.RunAsync(FullJson, "revision", "-f", "-")).ShouldBe((0, "default/support b2c995c2efa012f\n", ""));
    }

    [Theory]
    [InlineData("image: a:1", "image: a:2")]
    [InlineData("tty: on", "tty: \"on\"")]
    [InlineData("be kind", "be unkind")]
    [InlineData("Aw==", "BA==")]
    [InlineData("timeout: 30s", "timeout: 31s")]
    [InlineData("maxOutputTokens: 1000", "maxOutputTokens: 1001")]
    [InlineData("[gpt-5.4-mini, \"claude-haiku-*\"]", "[\"claude-haiku-*\", gpt-5.4-mini]")]
    [InlineData("api.openai.com", "api.example.com")]
    public async Task WhatMattersChangesIt(string from, string to)
    {
        var (code, output, _) = await CommandLine.RunAsync(Full.Replace(from, to, StringComparison.Ordinal), "revision", "-f", "-");
        code.ShouldBe(0);
        output.ShouldNotContain("b2c995c2efa012f");
    }

    [Theory]
    [InlineData("replicas: 3", "replicas: 4")]
    [InlineData("labels: {x: y1}", "labels: {x: y2}")]
    [InlineData("key: a", "key: b")]
    [InlineData("  replicas: 3\n", "  rollout: null\n")]
    [InlineData("port: 80,", "port: 81,")]
    [InlineData("maxOutputTokens: 1000", "maxOutputTokens: 1e3")]
    [InlineData("maxOutputTokens: 1000", "maxOutputTokens: 1000.0")]
    public async Task WhatDoesNotMatterKeepsIt(string from, string to)
    {
        var changed = Full.Replace(from, to, StringComparison.Ordinal);
        changed.ShouldNotBe(Full);
        (await CommandLine.RunAsync(changed, "revision", "-f", "-")).Output.ShouldBe("default/support b2c995c2efa012f\n");
    }

    [Fact]
    public async Task NumbersOfJsonAreWholeWhereTheyAreToKubectl() =>
        (
            await CommandLine.RunAsync(
                FullJson
                    .Replace("\"maxOutputTokens\":1000", "\"maxOutputTokens\":1.0e3", StringComparison.Ordinal)
                    .Replace("\"port\":81", "\"port\":81.0", StringComparison.Ordinal),
                "revision",
                "-f",
                "-"
            )
        ).ShouldBe((0, "default/support b2c995c2efa012f\n", ""));

    [Fact]
    public async Task AMissingConfigMapIsNamed()
    {
        var (code, output, error) = await CommandLine.RunAsync(Simple, "revision", "-f", "-");
        code.ShouldBe(1);
        output.ShouldBeEmpty();
        error.ShouldBe(
            "error: shop/support refers to the ConfigMap shop/prompts, which is not in the manifest: its content is a part of the "
                + "revision\n"
        );
    }

    [Fact]
    public async Task AConfigMapOfAnotherNamespaceIsMissing() =>
        (
            await CommandLine.RunAsync(
                $"{Simple}\n---\n{Prompts.Replace("namespace: shop", "namespace: other", StringComparison.Ordinal)}",
                "revision",
                "-f",
                "-"
            )
        ).Code.ShouldBe(1);

    [Fact]
    public async Task TheNamespaceOptionHoldsForObjectsThatNameNone()
    {
        var prompts = Prompts.Replace(", namespace: shop", "", StringComparison.Ordinal);
        (await CommandLine.RunAsync($"{Simple}\n---\n{prompts}", "revision", "-f", "-", "-n", "shop")).Output.ShouldBe(
            "shop/support 1b49d8c0c1db091\n"
        );
        (await CommandLine.RunAsync($"{Simple}\n---\n{prompts}", "revision", "-f", "-")).Code.ShouldBe(1);
    }

    [Fact]
    public async Task NothingIsPrintedUnlessAllCanBe()
    {
        var other = Simple
            .Replace("name: support", "name: sales", StringComparison.Ordinal)
            .Replace("prompts", "none", StringComparison.Ordinal);
        var (code, output, error) = await CommandLine.RunAsync($"{Simple}\n---\n{Prompts}\n---\n{other}", "revision", "-f", "-");
        (code, output).ShouldBe((1, ""));
        error.ShouldContain("shop/none");
    }

    [Theory]
    [InlineData("data: {system: \"be kind\"}", "data: {system: 5}", "ConfigMap shop/prompts: data.system must be a text")]
    [InlineData("data: {system: \"be kind\"}", "binaryData: {b: \"***\"}", "ConfigMap shop/prompts: binaryData.b must be a text")]
    [InlineData("ports: [", "port: [", "spec.port: is not a field")]
    [InlineData("kind: AgentDeployment", "kind: Agent", "has no kind \"Agent\"; known are AgentBudget, AgentDeployment,")]
    [InlineData("agentreadiness.dev/v1alpha1", "agentreadiness.dev/v1", "apiVersion of an AgentDeployment must be")]
    public async Task RefusesWhatTheServerWouldRefuse(string from, string to, string problem)
    {
        var (code, _, error) = await CommandLine.RunAsync(
            $"{Simple}\n---\n{Prompts}".Replace(from, to, StringComparison.Ordinal),
            "revision",
            "-f",
            "-"
        );
        code.ShouldBe(1);
        error.ShouldContain(problem);
    }

    [Fact]
    public async Task ATwiceGivenConfigMapIsAnError() =>
        (await CommandLine.RunAsync($"{Simple}\n---\n{Prompts}\n---\n{Prompts}", "revision", "-f", "-")).Error.ShouldBe(
            "error: ConfigMap shop/prompts is there twice\n"
        );

    [Fact]
    public async Task ReadsAFile()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, $"{Simple}\n---\n{Prompts}");
            (await CommandLine.RunAsync("", "revision", "--filename", path)).Output.ShouldBe("shop/support 1b49d8c0c1db091\n");
        }
        finally
        {
            File.Delete(path);
        }
        (await CommandLine.RunAsync("", "revision", "-f", path)).Code.ShouldBe(1);
    }
}
