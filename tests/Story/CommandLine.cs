using System.Diagnostics;

namespace AgentReadiness.Story;

/// <summary>A command ended with an exit code other than 0; the message has its last words.</summary>
public sealed class CommandException(string message) : Exception(message);

/// <summary>Runs the tools that a user would run: kubectl and helm.</summary>
public static class CommandLine
{
    /// <summary>Runs a command and returns what it printed.</summary>
    /// <exception cref="CommandException">It failed.</exception>
    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? input,
        CancellationToken cancellationToken
    )
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        if (input is not null)
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
        return process.ExitCode == 0
            ? await output
            : throw new CommandException(
                $"{program} {string.Join(' ', process.StartInfo.ArgumentList.Take(6))}: exit code {process.ExitCode}: "
                    + $"{(await errors).Trim()} {(await output).Trim()}"
            );
    }

    /// <summary>Starts a command and hands on each line that it prints, until it ends.</summary>
    public static async Task FollowAsync(
        string program,
        IEnumerable<string> arguments,
        Action<string> onLine,
        CancellationToken cancellationToken
    )
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
                onLine(line);
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new CommandException($"{program} could not be started");
    }
}
