using System.CommandLine;

namespace AgentReadiness.Cli.Tests;

/// <summary>Runs the program in this process.</summary>
internal static class CommandLine
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(string input, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var code = await Commands.RunAsync(
            arguments,
            new StringReader(input),
            bytes,
            new InvocationConfiguration { Output = output, Error = error }
        );
        return (code, output.ToString(), error.ToString());
    }
}
