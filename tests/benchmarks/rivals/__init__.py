"""The same networks over the same tiles in other programs: TIAToolbox and wsinfer."""
