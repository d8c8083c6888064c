using System.Net;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Guardrail;

switch (args)
{
    case []:
        var path = Environment.GetEnvironmentVariable("GUARDRAIL_CONFIG") ?? GuardrailPaths.Config;
        WebApplication app;
        try
        {
            app = GuardrailHost.Build(new GuardrailOptions { ConfigPath = path }, TimeProvider.System);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"guardrail: the configuration {path} cannot be used: {e.Message}");
            return 1;
        }
        await using (app)
            await app.RunAsync();
        return 0;
    case ["wait-ready"]:
        return await WaitReady.RunAsync(TimeProvider.System) ? 0 : 1;
    default:
        await Console.Error.WriteLineAsync("usage: guardrail [wait-ready]");
        return 2;
}
