using AgentReadiness.Samples;

switch (args)
{
    case ["provider", ..]:
        await using (
            var provider = SampleProvider.Build($"http://0.0.0.0:{Port(9000)}", SampleProvider.KeysFromEnvironment(), TimeProvider.System)
        )
            await provider.RunAsync();
        return 0;
    case ["agent", ..]:
        await using (var agent = SampleAgent.Build($"http://0.0.0.0:{Port(8080)}", SampleAgentOptions.FromEnvironment()))
            await agent.RunAsync();
        return 0;
    case ["burner", .. var options]:
        return await Burner.RunAsync(options, $"http://0.0.0.0:{Port(8080)}", SampleAgentOptions.FromEnvironment(), TimeProvider.System);
    case ["client", .. var options]:
        return await LoadClient.RunAsync(options, TimeProvider.System);
    case ["runner", .. var options]:
        return await SampleRunner.RunAsync(options);
    default:
        await Console.Error.WriteLineAsync("usage: agent-readiness-samples provider|agent|burner|client|runner [options]");
        return 2;
}

static int Port(int otherwise) => int.TryParse(Environment.GetEnvironmentVariable("PORT"), out var port) ? port : otherwise;
