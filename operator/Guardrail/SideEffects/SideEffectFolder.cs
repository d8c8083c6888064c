namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>Opens what this pod knows of calls with side effects.</summary>
internal static class SideEffectFolder
{
    /// <summary>
    /// Opens it. Where there is no file that can be used, no such call is sent, and that is logged: a process after this one would not
    /// know of it. A file of another version is of another image, which no container of this pod has.
    /// </summary>
    /// <param name="folder">The volume that outlives the process.</param>
    /// <param name="isDeclared">There are such calls; where there are none, no file is made.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told what cannot be read or written.</param>
    public static EffectStore Open(string folder, bool isDeclared, TimeProvider time, ILogger logger)
    {
        EffectFile? file = null;
        List<EffectRecord> records = [];
        try
        {
            if (isDeclared)
            {
                file = EffectFile.Open(folder, out records, out var lost);
                if (lost > 0)
                    logger.SideEffectsNotWritten($"an earlier process left {lost} bytes of a record that it had not finished");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.SideEffectsNotWritten($"{exception.Message} No call with side effects is sent");
        }
        return new EffectStore(file, records, time, logger.SideEffectsNotWritten);
    }
}
