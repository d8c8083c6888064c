using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Hosting;

// Completions run on the thread that saw the socket ready: a hop to the thread pool would cost more than all that is done with a call
// (docs/benchmarks.md). Read once, when the first socket is made.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

switch (args)
{
    case []:
        var path = Environment.GetEnvironmentVariable("GUARDRAIL_CONFIG") ?? GuardrailPaths.Config;
        WebApplication app;
        try
        {
#pragma warning disable RS0030 // A host: this is where the clock is chosen.
            app = GuardrailHost.Build(new GuardrailOptions { ConfigPath = path }, TimeProvider.System);
#pragma warning restore RS0030
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"guardrail: the configuration {path} cannot be used: {exception.Message}");
            return 1;
        }
        await using (app)
            await app.RunAsync();
        return 0;
    case ["wait-ready"]:
#pragma warning disable RS0030 // A host: this is where the clock is chosen.
        return await WaitReady.RunAsync(TimeProvider.System) ? 0 : 1;
#pragma warning restore RS0030
    default:
        await Console.Error.WriteLineAsync("usage: guardrail [wait-ready]");
        return 2;
}
