// Every screen on a telephone.
import { everyScreen } from '../walk.ts';

everyScreen('ponsel');
